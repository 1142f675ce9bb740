/** So many at a time of each client, and so many in all. */
export interface Shares {
  /** A place, or what is full. */
  take(client: string): { release(): void } | 'client' | 'all';
}

export function createShares(ofAClient: number, inAll: number): Shares {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(client) {
      const own = taken.get(client) ?? 0;
      if (own >= ofAClient) return 'client';
      if (all >= inAll) return 'all';
      taken.set(client, own + 1);
      all++;
      let isTaken = true;
      return {
        release() {
          if (!isTaken) return;
          isTaken = false;
          all--;
          const left = (taken.get(client) ?? 1) - 1;
          if (left === 0) taken.delete(client);
          else taken.set(client, left);
        },
      };
    },
  };
}
