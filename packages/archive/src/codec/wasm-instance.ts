/** Node's types leave the constructors out. */
const { Instance, Module } = Reflect.get(globalThis, 'WebAssembly') as {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** What a module (base64) exports, in an instance of its own: its memory is this thread's. */
export function instantiate<Exports>(module: string): Exports {
  return new Instance(new Module(Buffer.from(module, 'base64'))).exports as Exports;
}
