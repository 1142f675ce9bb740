/** What is released, and where its files are made. */
export interface Release {
  version: string;
  /** of git, abbreviated; `…-dirty` in a trial of what is not committed */
  revision: string;
  /** the commit's time: the same sources make the same files */
  madeAt: string;
  out: string;
  trial: boolean;
}
