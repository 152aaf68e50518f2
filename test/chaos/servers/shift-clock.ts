/**
 * A preload module that makes a process believe in another time of day: `CLOCK_SHIFT_MS` is added to what
 * `Date` says. Timers and `performance.now()` go on as they are, as they do on a machine with a wrong clock.
 */
const shift = Number(process.env.CLOCK_SHIFT_MS ?? 0);
const TrueDate = Date;
const now = () => TrueDate.now() + shift;

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});
