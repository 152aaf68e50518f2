/** Told of each call that has ended, however it ended. */
export type Observe = (operation: string, seconds: number) => void;

/** The same object; the time that its methods take to answer is observed under their names. */
export function timed<T extends object>(target: T, observe: Observe): T {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(_, key) {
      const known = wrapped.get(key);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      const method = (...args: unknown[]) => {
        const began = performance.now();
        const result: unknown = value.apply(target, args);
        if (!(result instanceof Promise)) return result;
        const done = () => observe(key, (performance.now() - began) / 1_000);
        result.then(done, done);
        return result;
      };
      wrapped.set(key, method);
      return method;
    },
  });
}
