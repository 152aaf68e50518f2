/** An instant as the clocks of a place show it. */
export interface ZonedTime {
  /** Such as `2026-11-25T17:04:05+01:00`. */
  iso: string;
  /** Such as `Wednesday`. */
  weekday: string;
  timezone: string;
}

/** Throws a RangeError for a time zone that the IANA database does not have. */
export function zonedTime(at: Date, timezone: string): ZonedTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', weekday: 'long' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'longOffset' },
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const { year = '', month, day, hour, minute, second, weekday = '', timeZoneName = '' } = parts;
  const offset = timeZoneName.replace('GMT', '') || '+00:00';
  const iso = `${year.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}${offset}`;
  return { iso, weekday, timezone };
}

const units = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
] as const;

/** Such as `2 days 3 hours`; what is under a second is left out. */
export function inWords(ms: number): string {
  let left = Math.abs(ms);
  const words = units.flatMap(([name, length]) => {
    const count = Math.floor(left / length);
    left -= count * length;
    return count === 0 ? [] : [`${count} ${count === 1 ? name.slice(0, -1) : name}`];
  });
  return words.join(' ') || '0 seconds';
}
