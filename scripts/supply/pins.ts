/** What comes from others by a name that can be moved: base images and actions of workflows. */

export interface Reference {
  kind: 'image' | 'action';
  /** as it can be asked for: `redis:7.2-bookworm`, `actions/checkout@v4` */
  name: string;
  /** what it was when it was pinned; undefined: not pinned */
  pin: string | undefined;
  /** where it stands in the file's text */
  at: number;
  length: number;
}

const IMAGE = /(?<=ARG [A-Z]+_IMAGE=|_IMAGE:-)((?:node|redis):[\w.-]+)(?:@(sha256:[0-9a-f]{64}))?/g;
const ACTION = /(?<=uses: )([\w.-]+\/[\w.-]+)@([0-9a-f]{40}) # (\S+)|(?<=uses: )([\w.-]+\/[\w.-]+)@(\S+)/g;

export function referencesIn(text: string): Reference[] {
  const images = [...text.matchAll(IMAGE)].map(({ 0: found, 1: name = '', 2: pin, index }): Reference => ({
    ...{ kind: 'image', name, pin, at: index, length: found.length },
  }));
  const actions = [...text.matchAll(ACTION)].map(
    ({ 0: found, 1: pinned, 2: pin, 3: was, 4: action, 5: tag, index }): Reference => ({
      ...{ kind: 'action', name: pinned ? `${pinned}@${was}` : `${action}@${tag}` },
      ...{ pin, at: index, length: found.length },
    }),
  );
  return [...images, ...actions].toSorted((a, b) => a.at - b.at);
}

/** The text with each reference at what `pins` says; those it does not know stay as they are. */
export function pinned(text: string, pins: ReadonlyMap<string, string>): string {
  return referencesIn(text).reduceRight((changed, { kind, name, at, length }) => {
    const pin = pins.get(name);
    if (pin === undefined) return changed;
    const [action, tag] = name.split('@');
    const written = kind === 'image' ? `${name}@${pin}` : `${action}@${pin} # ${tag}`;
    return changed.slice(0, at) + written + changed.slice(at + length);
  }, text);
}
