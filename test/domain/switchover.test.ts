// Gate and epoch by example (R4, R5, R6, R12): what opens and shuts the gate, and what ends an epoch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeA, nodeB, Play, type Word } from './pair-play.ts';

test('R4 the gate opens at the last of `rise` READY in a row, and says so once', () => {
  const play = new Play().vip('ready').vip('init').vip('ready');
  assert.deepEqual([play.gate(), play.reason()], ['holding', 'starting']);
  play.vip('ready', { times: 3 });
  assert.deepEqual([play.gate(), play.reason()], ['open', 'none']);
  const [only, ...others] = play.effects;
  assert.deepEqual([only, others], [{ kind: 'ready', epoch: 1, at: play.now - 2000 + 10 }, []]);
});

test('R4 the gate settles before it opens', () => {
  const play = new Play({ settleMs: 1500 }).vip('ready', { times: 2 });
  assert.deepEqual([play.gate(), play.reason()], ['holding', 'settling']);
  play.vip('ready');
  assert.equal(play.gate(), 'holding');
  assert.equal(play.vip('ready').gate(), 'open');
});

for (const word of ['silence', 'refused', 'broken', 'init', 'page'] as Word[]) {
  test(`R5 ${word} at the VIP ends the epoch at the last of \`fall\`, with one order`, () => {
    const play = new Play().isServing().vip(word, { times: 2 });
    assert.deepEqual([play.gate(), play.bumps.length], ['open', 0]);
    play.vip(word);
    assert.deepEqual([play.gate(), play.reason(), play.bumps.length], ['holding', 'switchover', 1]);
    assert.equal(play.vip(word, { times: 5 }).bumps.length, 1);
    play.epoch();
    assert.deepEqual(play.effects.at(-1), { kind: 'epoch-ended', epoch: 1 });
    assert.deepEqual([play.gate(), play.state.epoch, play.state.readyAt], ['holding', 2, null]);
    assert.equal(play.vip('init').vip('ready').gate(), 'holding');
    assert.equal(play.vip('ready').gate(), 'open');
  });
}

test('R5 bad answers that are not in a row end nothing', () => {
  const play = new Play().isServing();
  for (let each = 0; each < 10; each += 1) play.vip('silence', { times: 2 }).vip('ready');
  assert.deepEqual([play.gate(), play.bumps], ['open', []]);
});

test('R5 only who saw READY in the epoch bumps it', () => {
  const play = new Play().vip('silence', { times: 9 }).node(nodeA, 'ready').node(nodeA, 'silence');
  play
    .vip('ready', { identity: 'a' })
    .vip('refused', { times: 9 })
    .vip('ready', { identity: 'b' })
    .node(nodeB, 'ready');
  assert.deepEqual([play.bumps, play.state.activeNode], [[], nodeB]);
});

test('R5 the gate stays shut from the order until the journal has said what the epoch is', () => {
  const play = new Play().isServing().vip('silence', { times: 3 }).vip('ready', { times: 9 });
  assert.deepEqual([play.gate(), play.bumps.length], ['holding', 1]);
  assert.equal(play.epoch().vip('ready', { times: 2 }).gate(), 'open');
});

test('R5 the epoch as it was known does not answer an order to bump it', () => {
  const play = new Play().isServing().vip('silence', { times: 3 }).epoch(1).epoch(0);
  assert.deepEqual([play.gate(), play.state.epoch], ['holding', 1]);
  assert.equal(play.vip('silence').bumps.length, 1);
});

test('R5 the epoch of another replica is learnt at any time, and its READY is waited for', () => {
  const play = new Play().isServing().epoch(7);
  assert.deepEqual([play.gate(), play.state.epoch, play.bumps], ['holding', 7, []]);
  assert.deepEqual(play.effects.at(-1), { kind: 'epoch-ended', epoch: 1 });
  assert.equal(play.vip('ready', { times: 2 }).gate(), 'open');
});

const woke = { kind: 'woke', sleptMs: 60_000 } as const;

test('R5 who wakes shuts the gate and asks, once, whether another one was awake', () => {
  const play = new Play().isServing().happens(woke).happens(woke).vip('ready', { times: 3 });
  const asked = play.effects.filter(({ kind }) => kind === 'ask-covered');
  assert.deepEqual(asked, [{ kind: 'ask-covered', sleptMs: woke.sleptMs }]);
  assert.deepEqual([play.gate(), play.reason(), play.bumps], ['holding', 'switchover', []]);
});

test('R5 who wakes and was covered goes on in its epoch', () => {
  const play = new Play().isServing().happens(woke);
  play.happens({ kind: 'covered', isCovered: true, now: play.now });
  assert.deepEqual([play.gate(), play.bumps, play.state.epoch], ['open', [], 1]);
});

test('R5 who wakes and was not covered ends the epoch', () => {
  const play = new Play().isServing().happens(woke);
  play.happens({ kind: 'covered', isCovered: false, now: play.now });
  assert.deepEqual([play.gate(), play.bumps], ['holding', ['no gateway was awake']]);
  assert.equal(play.epoch().vip('ready', { times: 2 }).gate(), 'open');
});

test('R5 who wakes and learns another epoch before it knows whether it was covered ends nothing', () => {
  const play = new Play().isServing().happens(woke).epoch();
  play.happens({ kind: 'covered', isCovered: false, now: play.now });
  assert.deepEqual([play.bumps, play.state.epoch], [[], 2]);
  assert.equal(play.vip('ready', { times: 2 }).gate(), 'open');
});

test('R5 who wakes with an order under way, or without having seen READY, orders nothing more', () => {
  const ordered = new Play().isServing().vip('silence', { times: 3 }).happens(woke);
  ordered.happens({ kind: 'covered', isCovered: false, now: ordered.now });
  assert.equal(ordered.bumps.length, 1);
  const starting = new Play().happens(woke);
  starting.happens({ kind: 'covered', isCovered: false, now: starting.now });
  assert.deepEqual(starting.effects, []);
});

test('R5 what ESC accepted and does not have ends the epoch, of one that was seen READY', () => {
  const distrusted = (play: Play) => play.happens({ kind: 'distrusted', why: 'it is not there', now: play.now });
  assert.deepEqual(distrusted(new Play().isServing()).bumps, ['it is not there']);
  assert.deepEqual(distrusted(new Play()).bumps, []);
});

test('what was asked before the epoch began says nothing of it', () => {
  const play = new Play({ rise: 1 }).isServing().vip('silence', { times: 3 });
  const [vip, node] = [play.observation('ready'), play.observation('ready')];
  play.epoch();
  play
    .happens({ kind: 'vip-observed', observation: vip })
    .happens({ kind: 'node-observed', node: nodeA, observation: node });
  assert.deepEqual([play.gate(), play.state.activeNode, play.state.provenAt], ['holding', null, null]);
});

test('R6 a flap with no failed probe at the VIP is noticed by the node probes', () => {
  const play = new Play().isServing().node(nodeB, 'ready');
  assert.deepEqual(play.bumps, [], 'both say READY: nobody knows');
  play.vip('ready').node(nodeA, 'refused');
  assert.deepEqual(play.bumps, [`the active role moved from ${nodeA} to ${nodeB}`]);
  assert.equal(play.vip('ready').gate(), 'holding');
});

test('R6 a flap with no failed probe at the VIP is noticed by the certificate that it shows', () => {
  const play = new Play({}, []).vip('ready', { times: 2, identity: 'a' }).vip('ready').vip('ready', { identity: 'a' });
  assert.equal(play.gate(), 'open');
  const before = play.state.provenAt;
  play.vip('ready', { identity: 'b' });
  assert.deepEqual([play.gate(), play.bumps], ['holding', ['another node answers at the VIP']]);
  assert.equal(play.state.provenAt, before, 'it proves nothing of the epoch that it ends');
  assert.equal(play.epoch().vip('ready', { times: 2, identity: 'b' }).gate(), 'open');
});

test('R6 a node that misses a probe, restarts, or is a standby that answers 5xxx ends nothing', () => {
  const play = new Play().isServing('broken').node(nodeA, 'silence').node(nodeA, 'broken').node(nodeA, 'init');
  play.node(nodeB, 'refused').node(nodeB, 'broken').node(nodeA, 'ready');
  assert.deepEqual([play.gate(), play.bumps, play.state.activeNode], ['open', [], nodeA]);
});

test('R6 node probes that lag behind the VIP name the new active, without another epoch', () => {
  const play = new Play().isServing().vip('refused', { times: 3 }).epoch().vip('ready', { times: 2 });
  assert.deepEqual([play.gate(), play.state.activeNode], ['open', null]);
  play.node(nodeA, 'refused').node(nodeB, 'ready');
  assert.deepEqual([play.bumps.length, play.state.activeNode, play.state.formerNode], [1, nodeB, nodeA]);
});

for (const [active, other] of [
  [nodeA, nodeB],
  [nodeB, nodeA],
] as const) {
  test(`R6 while both nodes say READY nobody knows who is active, and it stays ${active}`, () => {
    const play = new Play().node(active, 'ready').node(other, 'refused').vip('ready', { times: 2 });
    play.node(other, 'ready').node(active, 'ready').node(other, 'ready');
    assert.deepEqual([play.gate(), play.bumps, play.state.activeNode], ['open', [], active]);
    play.node(other, 'refused').node(active, 'ready');
    assert.deepEqual([play.bumps, play.state.activeNode], [[], active]);
  });
}

test('R6 no word of an unknown node counts', () => {
  const play = new Play().isServing();
  const before = play.state;
  assert.equal(play.node('192.0.2.9', 'ready').state, before);
});

for (const mode of ['holding', 'draining'] as const) {
  test(`R5 ${mode} by hand shuts the gate, never bumps, and outlives an epoch`, () => {
    const play = new Play().isServing().happens({ kind: 'by-hand', mode });
    assert.deepEqual([play.gate(), play.bumps], [mode, []]);
    play.epoch().vip('ready', { times: 2 });
    assert.equal(play.gate(), mode);
    assert.equal(play.happens({ kind: 'by-hand', mode: 'open' }).gate(), 'open');
  });
}

test('R12 maintenance holds without a new epoch, and outlives a switchover as it does in ESC', () => {
  const play = new Play().isServing().happens({ kind: 'maintenance', on: true });
  assert.deepEqual([play.gate(), play.reason(), play.bumps], ['holding', 'maintenance', []]);
  play.vip('silence', { times: 3 }).epoch();
  assert.equal(play.reason(), 'switchover');
  play.vip('ready', { times: 2 });
  assert.equal(play.reason(), 'maintenance');
  assert.equal(play.happens({ kind: 'maintenance', on: false }).gate(), 'open');
});

test('R13 the newest question answered with READY is known, of this epoch only', () => {
  const play = new Play().isServing();
  assert.equal(play.state.provenAt, play.now);
  const provenAt = play.now;
  assert.equal(play.vip('silence').state.provenAt, provenAt);
  assert.equal(play.vip('silence', { times: 2 }).vip('ready').state.provenAt, provenAt);
  assert.equal(play.epoch().state.provenAt, null);
  assert.equal(play.vip('ready').state.provenAt, play.now);
});
