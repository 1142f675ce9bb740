/** Two pairs of keys for a store: one for operation, one on paper for the day when all else is lost. */
import { age } from '../age.ts';
import { recipientOf } from './identity-file.ts';

export interface KeyPair {
  /** private */
  identity: string;
  /** public */
  recipient: string;
}

export interface NewKeys {
  operation: KeyPair;
  recovery: KeyPair;
  /** the file with the identity of operation */
  identityFile: string;
  /** the recovery key for a terminal, text and QR code; shown once and kept nowhere */
  recoveryText: string;
  /** the same as a page to print, HTML */
  recoveryPage: string;
}

/** `project` and `created` stand on the paper. */
export async function newKeys({ project, created }: { project: string; created: string }): Promise<NewKeys> {
  const { default: encodeQR } = await import('qr');
  const [operation, recovery] = [await newPair(), await newPair()];
  return {
    operation,
    recovery,
    identityFile: `# created: ${created}\n# public key: ${operation.recipient}\n${operation.identity}\n`,
    recoveryText: textOf(recovery, encodeQR(recovery.identity, 'ascii')),
    recoveryPage: pageOf(recovery, encodeQR(recovery.identity, 'svg'), { project, created }),
  };
}

async function newPair(): Promise<KeyPair> {
  const { generateX25519Identity } = await age();
  const identity = await generateX25519Identity();
  return { identity, recipient: await recipientOf(identity) };
}

/** In groups: it may have to be typed. */
const grouped = (identity: string): string => identity.match(/.{1,8}/g)!.join(' ');

const textOf = ({ identity, recipient }: KeyPair, code: string): string =>
  [code, grouped(identity), '', `public key: ${recipient}`, ''].join('\n');

const pageOf = (
  { identity, recipient }: KeyPair,
  code: string,
  of: { project: string; created: string },
): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Recovery key of ${escaped(of.project)}</title>
<style>
  body { font: 12pt/1.5 serif; margin: 2cm; }
  svg { width: 7cm; height: 7cm; display: block; margin: 1cm 0; }
  code { font: 12pt/1.6 monospace; overflow-wrap: anywhere; }
</style>
<h1>Recovery key of ${escaped(of.project)}</h1>
<p>Made ${escaped(of.created)}. Whoever has this page and access to the store reads the copies of the backups. Keep it
where a fire does not reach both, and nobody else does. Without it, and without the key of the host, the copies are
lost.</p>
${code}
<p><code>${grouped(identity)}</code></p>
<p>Public key: <code>${recipient}</code></p>
<p>To use it: scan or type the key, without spaces, into a file <code>key.txt</code>; then
<code>gofr-backup restore --store URL --identity key.txt --latest --to DIRECTORY</code>. Without gofr-backup: see
<code>readme.txt</code> in the store. Prove it now with <code>gofr-backup key check --identity key.txt</code>.</p>
</html>
`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
