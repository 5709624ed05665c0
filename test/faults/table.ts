/**
 * The table of faults: every fault, in both directions where it has them, for every kind of request, in every phase, once
 * and several times. Generated; what comes of a cell is the promises' business (`judge.ts`).
 */

import { cut } from '../support/faults/cut.ts';
import { errorReply } from '../support/faults/error-reply.ts';
import type { DoorFault, Fault, Way } from '../support/faults/fault.ts';
import { junk } from '../support/faults/junk.ts';
import { resetAfterSending } from '../support/faults/reset-after-sending.ts';
import { silence, silenceFor } from '../support/faults/silence.ts';
import { slow } from '../support/faults/slow.ts';
import { startingContainer } from '../support/faults/starting-container.ts';

export const links = ['client', 'esc', 'reports', 'deliveries'] as const;
export type Link = (typeof links)[number];

export const kinds = ['GET', 'POST', 'PUT', 'DELETE', 'STOP', 'REBOOT'] as const;
export type Kind = (typeof kinds)[number];

export const phases = ['before', 'during', 'after', 'replay'] as const;
export type Phase = (typeof phases)[number];

export const times = [1, 3] as const;
export type Times = (typeof times)[number];

export const faults: readonly Fault[] = [
  resetAfterSending,
  silence,
  cut,
  slow,
  junk,
  startingContainer(503),
  startingContainer(404),
];

export const doors: readonly DoorFault[] = ['refused', 'reset-while-connecting'];

/** What Redis says of a command that it does not carry out, in place of the pages of a container. */
export const redisFaults: readonly Fault[] = [
  resetAfterSending,
  silence,
  cut,
  slow,
  junk,
  errorReply('loading'),
  errorReply('readonly'),
  errorReply('oom'),
];

export interface Cell {
  /** In the path of everything that belongs to it, so it is known by it. */
  readonly mark: string;
  readonly link: Link | 'redis';
  readonly kind: Kind;
  readonly phase: Phase;
  /** How many exchanges, or connections, are hit. */
  readonly times: Times;
  /** A door is shut to whole connections, before their bytes could choose them. */
  readonly hit: { readonly fault: Fault; readonly way: Way } | { readonly door: DoorFault };
}

const letters = { client: 'c', esc: 'e', reports: 'r', deliveries: 'd', redis: 'j' } as const;

/** The gateway waits longer for a client's receiver than this table may take. */
const briefSilence = silenceFor(1_000);

/** All cells of one link. ESC reports nothing on what is only read. */
export function cellsOf(link: Cell['link']): Cell[] {
  const hasReads = link === 'client' || link === 'esc' || link === 'redis';
  const ofLink = link === 'redis' ? redisFaults : faults;
  const played = ofLink.map((fault) => (fault === silence && link === 'deliveries' ? briefSilence : fault));
  const hits: Cell['hit'][] = [
    ...played.flatMap((fault) => fault.ways.map((way) => ({ fault, way }))),
    ...doors.map((door) => ({ door })),
  ];
  const cells: Cell[] = [];
  for (const hit of hits) {
    for (const kind of kinds.filter((each) => hasReads || each !== 'GET')) {
      for (const phase of phases) {
        for (const count of times) {
          const mark = `cell-${letters[link]}${String(cells.length).padStart(4, '0')}`;
          cells.push({ mark, link, kind, phase, times: count, hit });
        }
      }
    }
  }
  return cells;
}

export const nameOf = ({ mark, link, kind, phase, times: count, hit }: Cell): string => {
  const fault = 'door' in hit ? hit.door : `${hit.fault.name}, on the way ${hit.way}`;
  return `${mark}: ${fault}, ${count} times, ${kind} ${phase === 'replay' ? 'during replay' : `${phase} the switchover`}, link ${link}`;
};
