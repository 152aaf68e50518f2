/** How much of a whole is done, as a bar and in words. */
export function ProgressBar({ label, done, of }: { label: string; done: number; of: number }) {
  const percent = of === 0 ? 0 : Math.floor((done / of) * 100);
  return (
    <span class="progress">
      <progress aria-label={label} max={of || 1} value={done} />
      <span>{percent} %</span>
    </span>
  );
}
