/** Instants and durations for people. UTC everywhere, as in the logs: who is called at night compares, and must not calculate. */
import { html } from 'ghtml';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Such as `2 min 10 s`; below a second in ms. */
export function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < secondMs) return `${rounded} ms`;
  if (rounded < 10 * secondMs) return `${(rounded / secondMs).toFixed(1)} s`;
  if (rounded < minuteMs) return `${Math.round(rounded / secondMs)} s`;
  if (rounded < hourMs) return parts(rounded, minuteMs, 'min', secondMs, 's');
  if (rounded < dayMs) return parts(rounded, hourMs, 'h', minuteMs, 'min');
  return parts(rounded, dayMs, 'd', hourMs, 'h');
}

function parts(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const whole = Math.floor(ms / largeMs);
  const rest = Math.floor((ms - whole * largeMs) / smallMs);
  return rest === 0 ? `${whole} ${large}` : `${whole} ${large} ${rest} ${small}`;
}

export const atOf = (instant: string | number): number => (typeof instant === 'number' ? instant : Date.parse(instant));

/** `14:02:11` of today, `21 Nov 14:02:11` of another day; the whole instant in its `datetime` and title. */
export function moment(instant: string | number, now: number): string {
  const date = new Date(atOf(instant));
  const iso = date.toISOString();
  const isToday = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  const day = isToday ? '' : `${date.getUTCDate()} ${monthOf(date)} `;
  return html`<time datetime="${iso}" title="${iso}">${day}${iso.slice(11, 19)}</time>`;
}

/** With milliseconds, for stories. */
export function exactly(instant: string | number): string {
  const iso = new Date(atOf(instant)).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(11, 23)}</time>`;
}

export const dayOf = (instant: string | number): string => {
  const date = new Date(atOf(instant));
  return `${date.getUTCDate()} ${monthOf(date)} ${date.getUTCFullYear()}`;
};

/** Such as `2 min 10 s ago`; of what is younger than a second `just now`. */
export function ago(instant: string | number, now: number): string {
  const ms = now - atOf(instant);
  return ms < secondMs ? 'just now' : `${duration(ms)} ago`;
}

const monthOf = (date: Date): string => date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
