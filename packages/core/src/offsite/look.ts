/** What a store holds: listed once, its recipes read, for all that is decided by it. */
import { type Inventory, takeInventory } from './inventory.ts';
import { Objects } from './objects.ts';
import type { Offsite } from './offsite.ts';
import { Copies } from './read/copies.ts';
import { toOffsiteError } from './store-failure.ts';

export interface Look {
  inventory: Inventory;
  copies: Copies;
}

/** `anew`: as Copies.open has it. `listed`: an inventory that still holds. */
export async function lookAt(
  offsite: Offsite,
  { anew = false, listed }: { anew?: boolean; listed?: Inventory | undefined } = {},
): Promise<Look> {
  try {
    const inventory = listed ?? (await takeInventory(new Objects(offsite), offsite.signal));
    return { inventory, copies: await Copies.open(offsite, { anew, inventory }) };
  } catch (error) {
    throw toOffsiteError(error, `looking at the store ${offsite.name}`);
  }
}
