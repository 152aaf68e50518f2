/** Runs `work` for 0…count-1 with at most `limit` at once. */
export async function runLimited(
  count: number,
  limit: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane));
}
