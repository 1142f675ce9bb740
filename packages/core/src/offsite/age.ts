/** The library of age, loaded where something is sealed or opened: most commands do neither, and it takes time. */
export const age = () => import('age-encryption');
