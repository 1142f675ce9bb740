/** Tells which packages are loaded by the index, and then by opening a store. */
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    if (/^(@|[a-z])/.test(specifier) && !specifier.startsWith('node:')) loaded.add(specifier);
    return next(specifier, context);
  },
});
const { openStore } = await import('./index.ts');
const before = [...loaded];
await using _store = await openStore(process.argv[2]!, { accessKey: 'a', secretKey: 'b' });
process.send!({ before, after: [...loaded] });
