/**
 * The composition root: makes every part once, hands each what it needs, and closes them in reverse. No signals, no
 * exit codes, no reading of files beyond what the configuration names: `main.ts` and the tests both stand on this.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import { Allow, refuseCallbacks } from './callbacks/allow.ts';
import { cleanUp, outgoing } from './callbacks/outgoing.ts';
import { Receiver } from './callbacks/receive.ts';
import { Relay } from './callbacks/relay.ts';
import { Turns } from './callbacks/turns.ts';
import type { Config } from './config/schema.ts';
import { isToBeSent } from './domain/moves.ts';
import { asksForLook } from './domain/reports.ts';
import { type Channel, isReplayOrdered, type Report, type Transaction } from './domain/transaction.ts';
import { callbackUrls, wantedChannels } from './esc/callback-headers.ts';
import { loadCatalogue } from './esc/catalogue.ts';
import { ListenerCertificates, type ServedTls } from './http/listener-certificates.ts';
import type { Listener } from './http/northbound-listener.ts';
import { listenOps } from './http/ops-listener.ts';
import type { Journal } from './journal/journal.ts';
import { openJournal } from './journal/open.ts';
import { startPruning } from './journal/pruning.ts';
import { journalInUse } from './journal-in-use.ts';
import { listenNorth } from './listening.ts';
import { Comeback } from './northbound/comeback.ts';
import { Fingerprints } from './northbound/fingerprint.ts';
import { Followers } from './northbound/followers.ts';
import { Holds } from './northbound/holds.ts';
import { linger } from './northbound/linger.ts';
import { Listeners } from './northbound/listeners.ts';
import { Pass } from './northbound/pass.ts';
import { PendingAnswers } from './northbound/pending-answers.ts';
import { tellAnswer } from './northbound/record-reading.ts';
import { Records } from './northbound/records.ts';
import { Room } from './northbound/room.ts';
import { Sender } from './northbound/sender.ts';
import { Transact } from './northbound/transact.ts';
import { Waiters } from './northbound/waiters.ts';
import { Metrics } from './ops/metrics.ts';
import { makeOps } from './ops/ops.ts';
import { now } from './pair/clock.ts';
import { Lease } from './pair/lease.ts';
import {
  makeCoordinator,
  makeUpstream,
  ownAccount,
  reportingToOf,
  tokensOf,
  tracingOf,
  upstreamConnectionsMax,
  version,
  warningsOf,
} from './parts.ts';
import { Adopter } from './replay/adopt.ts';
import { endCreated } from './replay/ended.ts';
import { LaneSender } from './replay/lanes.ts';
import { type Mended, Repair } from './replay/repair.ts';
import { Watch } from './replay/watch.ts';

export interface Gateway {
  readonly replica: string;
  readonly journal: Journal;
  readonly coordinator: ReturnType<typeof makeCoordinator>;
  readonly northbound: Listener;
  readonly ops: Listener;
  /** Takes certificates of listeners that were renewed; throws, and keeps what is in use, if a pair does not fit. */
  renewCertificates(renewed: ServedTls): void;
  /** Admits nothing new, waits up to `drain.timeout` for what is in flight, answers 202 to who still waits, and closes. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What no configuration key sets; tests and measurements do. */
export interface Internals {
  readonly maintenanceTrialMs?: number;
  readonly leaseTtlMs?: number;
  readonly lingerMs?: number;
  readonly strayPassMs?: number;
  /** Opens the journal; a test puts something between. */
  readonly open?: typeof openJournal;
}

const confirmTimeoutMs = 30_000;
const defaults = { maintenanceTrialMs: 10_000, leaseTtlMs: 6_000, lingerMs: 1_000, open: openJournal };
const catalogueFile = new URL('../openapi/northbound.yaml', import.meta.url);

/** Rejects with a sentence for operators if a part cannot start; then nothing stays open. */
export async function startGateway(config: Config, log: Logger, internals: Internals = {}): Promise<Gateway> {
  const { maintenanceTrialMs, leaseTtlMs, lingerMs, open } = { ...defaults, ...internals };
  const replica = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const metrics = new Metrics(version);
    const document: object = parse(await readFile(catalogueFile, 'utf8'));
    const tracing = await tracingOf(config, { replica, log, document, onExported: metrics.exported });
    closers.push(() => tracing?.close());
    metrics.onWaited = (transaction, waited) => tracing?.waited(transaction, waited);
    const store = await open(config.journal);
    const isAlone = config.journal.url.kind === 'sqlite';
    const { journal, trust, recent } = journalInUse(store, { replica, isAlone, log, metrics, tracing });
    closers.push(() => journal.close());
    const records = new Records(journal, log);
    closers.push(() => records.close());

    const lease = new Lease({ replica, journal, log, ttlMs: leaseTtlMs });
    await lease.start();
    // Last but for the journal: nobody takes over what this one may still be sending.
    closers.push(() => lease.close());
    const isCovered = async (): Promise<boolean> => !isAlone && (await lease.isCovered());
    const coordinator = makeCoordinator(config, { log, journal, sleepMs: leaseTtlMs, isCovered });
    const onMended = (mended: Mended): void => metrics.journal.mended(mended);
    const repair = new Repair({ journal: store, recent, trust, coordinator, leaseTtlMs, log, onMended });
    closers.push(() => repair.close());
    const upstream = makeUpstream(config, coordinator);
    coordinator.listen({ epochEnded: () => upstream.reset('the epoch ended') });
    const responseTimeoutMs = config.esc.timeouts.responseMs;
    const reportingTo = reportingToOf(config);
    // Half of what a mark holds for: the journal takes some of it too.
    const room = new Room({ connections: upstreamConnectionsMax, waitMaxMs: lease.markMaxMs / 2 });
    const sender = new Sender({
      upstream,
      room,
      coordinator,
      lease,
      responseTimeoutMs,
      confirmTimeoutMs,
      tracing,
      outgoing: (transaction, message) => outgoing(reportingTo, transaction, message),
    });
    closers.push(async () => {
      await upstream.close();
      await sender.underWay.idle(now() + 1_000);
    });

    const waiters = new Waiters();
    const holds = new Holds({ heldRequestsMax: config.hold.maxRequests, heldBytesMax: config.hold.maxBytes });
    let ending = false;
    const isEnding = (): boolean => ending;
    const holdMaxMs = config.hold.timeoutMs;
    const shared = {
      coordinator,
      records,
      sender,
      room,
      waiters,
      holds,
      journal,
      log,
      holdMaxMs,
      isEnding,
    };
    const authorization = ownAccount(config);
    const pendingAnswers = new PendingAnswers();
    const allow = new Allow(config.callbacks.allow);
    const { deliverForMs } = config.callbacks;
    const isAnswerPending = (id: string): boolean => pendingAnswers.has(id);
    const turns = new Turns();
    const onTried = (report: Report): void => metrics.callbacks.tried(report);
    const relay = new Relay({ turns, replica, records, log, allow, deliverForMs, isAnswerPending, onTried, tracing });
    closers.push(() => relay.close());
    pendingAnswers.onHandedOver = (id) => relay.handedOver(id);
    const onSettled = (transaction: Transaction): void => {
      relay.wake(transaction);
      void endCreated(records, transaction, now()).catch((error: unknown) => {
        log.error({ err: error, transaction: transaction.id }, 'what a delete ended could not be noted');
      });
    };
    const watch = new Watch({
      ...shared,
      replica,
      authorization,
      lanes: () => lanes,
      askAfterMs: config.completion.askAfterMs,
      stuckAfterMs: config.replay.stuckAfterMs ?? null,
      onSettled,
    });
    closers.push(() => watch.close());
    const lanes = new LaneSender({
      ...shared,
      replica,
      authorization,
      stuckAfterMs: config.replay.stuckAfterMs ?? null,
      mayCleanUp: config.replay.cleanUp === 'auto',
      cleanUpRequest: (transaction, credentials) => cleanUp(reportingTo, transaction, credentials),
      watch,
      onSettled,
      concurrency: config.replay.concurrency,
      rampUpMs: config.replay.rampUpMs,
      replayAttemptsMax: config.replay.maxAttempts,
      deadlineMs: config.replay.deadlineMs,
      maintenanceTrialMs,
    });
    closers.push(() => lanes.close());
    records.onPromised = (transaction) => {
      if (isToBeSent(transaction)) lanes.wait(transaction);
    };
    const comeback = new Comeback({ coordinator, journal, lanes, settleMs: config.esc.health.settleMs, log });

    const catalogue = loadCatalogue(document, {
      policies: config.policies,
      ...(reportingTo === null ? { acknowledgeBy: 'resource' as const } : {}),
    });
    const bodyBytesMax = config.limits.bodyBytes;
    const cancelOnDisconnect = config.hold.onDisconnect === 'cancel';
    const wantsOf = (headers: readonly string[]): Channel[] => {
      if (reportingTo === null) return [];
      const urls = callbackUrls(headers);
      refuseCallbacks(allow, [urls.callback, urls.events]);
      return wantedChannels(urls);
    };
    /** What a report, or an operator's order (R2), made of a transaction of this replica, whichever replica took it. */
    const goOn = (transaction: Transaction, isToBeLookedAt: boolean): void => {
      relay.wake(transaction);
      if (isToBeLookedAt) watch.lookSoon(transaction);
      else watch.begin(transaction);
      if (isReplayOrdered(transaction) && lanes.hasTried(transaction.id) === null) lanes.wait(transaction);
    };
    const followers = new Followers({
      replica,
      records,
      waiters,
      onOwnChanged: (transaction) => goOn(transaction, asksForLook(transaction)),
    });
    const forget = store.subscribe((change) => {
      if (change.isForeign && change.owner !== replica) recent.isOver(change);
    });
    closers.push(forget);
    if (!isAlone) followers.start();
    closers.push(() => followers.close());
    const learnEpoch = (): Promise<void> =>
      coordinator.learnEpoch().catch((error: unknown) => {
        log.error({ err: error }, 'the epoch cannot be read; it is tried again');
      });
    const listeners = new Listeners({ replica, records, turns, wake: (transaction) => relay.wake(transaction) });
    const transact = new Transact({
      ...shared,
      wantsOf,
      pendingAnswers,
      watch,
      listeners,
      followers,
      replica,
      catalogue,
      fingerprints: new Fingerprints(journal.digests),
      lanes,
      comeback,
      bodyBytesMax,
      isKeyRequired: config.northbound.requireKey,
      hasPeers: () => lease.hasPeers,
      cancelOnDisconnect,
      isJournalWhole: () => trust.stage === 'whole',
    });
    const receiver = new Receiver({
      turns,
      replica,
      tokens: tokensOf(config),
      records,
      log,
      lease,
      currentEpoch: () => coordinator.epoch,
      learnEpoch: () => coordinator.learnEpoch(),
      deliverForMs,
      onReported: (transaction, word) => {
        metrics.callbacks.reported(word);
        tracing?.reported(transaction, word);
        if (word === 'settled') {
          lanes.withdraw(transaction.id);
          tellAnswer({ records, waiters }, transaction, null);
          onSettled(transaction);
        }
        goOn(transaction, word === 'look');
      },
    });
    const pass = new Pass({ ...shared, comeback, upstream, responseTimeoutMs, bodyBytesMax });

    // Asked before the epoch is written.
    const isTrusted = await journal.isTrusted();
    await coordinator.start();
    if (!isTrusted) repair.begin();
    closers.push(() => coordinator.close());
    lanes.start();
    lease.onRenewed((wasLost) => {
      if (wasLost && !isAlone) followers.followAll();
      if (!isAlone) void learnEpoch();
    });
    const carriers = { lanes, watch, relay, transact, mayAdopt: () => trust.stage === 'whole' };
    const adopter = new Adopter({ ...shared, ...carriers, ...internals, replica, lease, isAlone });
    closers.push(() => adopter.close());
    await adopter.start();
    await relay.start();
    closers.push(startPruning(journal, { doneBefore: () => now() - config.journal.retentionMs, log }));

    const { vip, nodes } = config.esc;
    const found = await warningsOf(config, journal);
    const certificates = new ListenerCertificates(config);
    const warnings = (): string[] => [
      ...found,
      ...certificates.warnings(now()),
      ...(repair.notice === null ? [] : [repair.notice]),
    ];
    const wake = (transaction: Transaction): void => relay.wake(transaction);
    const ops = makeOps({ ...shared, wake, onSettled, replica, vip, nodes, warnings, lanes, metrics, lease });
    closers.push(() => ops.close());
    const opsListener = await listenOps({ config, log, ops });
    closers.push(() => opsListener.close());
    log.info({ listener: 'ops', url: opsListener.url }, 'listening');

    const { northbound, callbacks } = await listenNorth(config, {
      ...{ log, transact, pass, receiver, journal, document, comeback, tracing, metrics },
    });
    closers.push(async () => callbacks?.close());
    certificates.add('northbound', northbound);
    certificates.add('northbound', callbacks);
    certificates.add('ops', opsListener);
    const close = async (): Promise<void> => {
      ending = true;
      coordinator.byHand('draining');
      const drainUntil = now() + config.drain.timeoutMs;
      const lingerUntil = Math.min(drainUntil, now() + (isAlone ? 0 : lingerMs));
      await sender.underWay.idle(drainUntil);
      await records.unconfirmed.idle(drainUntil);
      await linger(lingerUntil);
      waiters.expireAll();
      await northbound.close();
      records.close();
      await closeAll();
    };
    return {
      replica,
      journal,
      coordinator,
      northbound,
      ops: opsListener,
      renewCertificates: (renewed) => certificates.renew(renewed),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
