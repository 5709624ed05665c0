/**
 * The frame of every page: head, the bar with the gate's state, navigation, and the part that asks for itself again when
 * something changed. No inline script or style: the policy allows none.
 */
import { html } from 'ghtml';
import type { PairView } from '../ops/pair-view.ts';
import { type Assets, assetUrl } from './assets.ts';
import type { Session } from './sessions.ts';
import { badge } from './words.ts';

export interface Frame {
  readonly assets: Assets;
  readonly pair: PairView;
  /** Null on pages for who is not logged in. */
  readonly session: Session | null;
  /** Whether people log in at all. */
  readonly hasLogIn: boolean;
  /** Path and query of this page, to ask for it again. */
  readonly url: string;
}

export interface Page {
  readonly title: string;
  /** Which of the navigation it is; null: none. */
  readonly place: Place | null;
  /** Markup. What stands outside `live` is never replaced under a person's hands. */
  readonly body: string;
}

const places = [
  ['overview', '/console/', 'Overview'],
  ['transactions', '/console/transactions', 'Transactions'],
  ['switchovers', '/console/switchovers', 'Switchovers'],
  ['dead-letters', '/console/dead-letters', 'Dead letters'],
  ['audit', '/console/audit', 'Audit'],
] as const;

type Place = (typeof places)[number][0];

const htmxConfig = JSON.stringify({
  includeIndicatorCSS: false,
  history: false,
  extensions: 'sse',
  morphIgnore: ['data-htmx-powered', 'open'],
});

/** In this order: what htmx tells when it begins is listened to by then. */
const scripts = ['uplot.js', 'console.js', 'htmx.js'];

export function layout(frame: Frame, { title, place, body }: Page): string {
  const { assets, session } = frame;
  const script = (name: string): string => html`<script src="${assetUrl(assets, name)}" defer></script>`;
  const feed = html`<div id="feed" hx-sse:connect="/console/events" hx-swap="none"></div>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${htmxConfig}">
<title>${title} · Northgate</title>
<link rel="icon" href="${assetUrl(assets, 'icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl(assets, 'uplot.css')}">
<link rel="stylesheet" href="${assetUrl(assets, 'console.css')}">
!${session === null ? '' : scripts.map(script)}
</head>
<body>
<a class="skip" href="#main">To the content</a>
!${session === null ? '' : header(frame, session, place)}
<main id="main" tabindex="-1">
!${body}
</main>
!${session === null ? '' : feed}
</body>
</html>
`;
}

function header(frame: Frame, session: Session, place: Place | null): string {
  const { hasLogIn, pair } = frame;
  const link = ([name, url, label]: (typeof places)[number]): string =>
    name === place
      ? html`<li><a href="${url}" aria-current="page">${label}</a></li>`
      : html`<li><a href="${url}">${label}</a></li>`;
  const logOut = html`<form method="post" action="/console/log-out"><input type="hidden" name="form" value="${session.formToken}"><button class="quiet">Log out</button></form>`;
  return html`<header class="bar">
<a class="brand" href="/console/">Northgate</a>
<p id="gate-state">!${gateBadge(pair)} <span class="aside">epoch ${pair.epoch} · ${pair.activeNode ?? 'no node'} active</span></p>
<nav aria-label="Pages"><ul>!${places.map(link)}</ul></nav>
<div class="who"><span>${session.name} <span class="aside">${session.role}</span></span>!${hasLogIn ? logOut : ''}</div>
</header>`;
}

const gateWords = {
  open: ['good', 'gate open'],
  holding: ['wait', 'gate shut'],
  draining: ['bad', 'draining'],
} as const;

function gateBadge({ gate }: PairView): string {
  const [tone, label] = gateWords[gate];
  return badge(tone, label);
}

/** The part of a page that follows what happens; the rest stays as it is. */
export const live = ({ url }: Frame, body: string): string =>
  html`<div id="live" hx-get="${url}" hx-trigger="changed from:#feed" hx-select="#live" hx-select-oob="#gate-state" hx-swap="outerMorph" hx-status:4xx="swap:none" hx-status:5xx="swap:none">!${body}</div>`;
