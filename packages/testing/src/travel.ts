/** Moves the time of libraries that read `Date` themselves; timers go on in real time. Ours take a Clock instead. */

export interface TimeTravel extends Disposable {
  /** Now is `time`, and goes on from there. */
  to(time: string | number): void;
}

export function timeTravel(start: string | number): TimeTravel {
  const RealDate = globalThis.Date;
  let offset = 0;
  class ShiftedDate extends RealDate {
    constructor(...values: [] | [number]) {
      if (values.length === 0) super(RealDate.now() + offset);
      else super(...values);
    }
    static override now(): number {
      return RealDate.now() + offset;
    }
  }
  globalThis.Date = ShiftedDate as DateConstructor;
  const travel: TimeTravel = {
    to(time) {
      offset = new RealDate(time).getTime() - RealDate.now();
    },
    [Symbol.dispose]() {
      globalThis.Date = RealDate;
    },
  };
  travel.to(start);
  return travel;
}
