/** Values of EXCLUDE in gitignore's language, each with what it takes out of the archive, written out by hand. */
export interface Exclude {
  pattern: string;
  /** of a path inside the archive */
  takes(path: string): boolean;
}

const form = (pattern: string, taken: RegExp): Exclude => ({ pattern, takes: (path) => taken.test(path) });

export const EXCLUDES: readonly Exclude[] = [
  form('cache', /(^|\/)cache(\/|$)/),
  form('cache/', /(^|\/)cache\//),
  form('*.tmp', /(^|\/)[^/]*\.tmp(\/|$)/),
  form('*.{tmp,bin}', /(^|\/)[^/]*\.(tmp|bin)(\/|$)/),
  form('*.tmp,!keep.tmp', /(^|\/)(?!keep\.tmp(\/|$))[^/]*\.tmp(\/|$)/),
  form('data/storage/cache/**', /^data\/storage\/cache\//),
  form('data/storage/cache', /^data\/storage\/cache(\/|$)/),
  form('/data/storage/cache', /^data\/storage\/cache(\/|$)/),
  form('./data/storage/cache', /^data\/storage\/cache(\/|$)/),
  form('data/*/cache/*', /^data\/[^/]+\/cache\//),
  form('**/cache/*.bin', /(^|\/)cache\/[^/]*\.bin(\/|$)/),
  form('data/storage/ca*', /^data\/storage\/ca[^/]*(\/|$)/),
  form('data/storage/[c]ache', /^data\/storage\/cache(\/|$)/),
  form(String.raw`data/storage/\[c\]ache`, /^data\/storage\/\[c\]ache(\/|$)/),
  form('logs/old/', /^logs\/old\//),
  form('data/**/old/*.txt', /^data\/(.*\/)?old\/[^/]*\.txt(\/|$)/s),
];
