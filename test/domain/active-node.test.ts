// Who answers at the VIP (R6): which node is named when both say READY of themselves, which connection is taken for its,
// and whose word is needed before a look is believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admission, witnessMaxMs, witnessOf } from '../../src/domain/active-node.ts';
import { nodeA, nodeB, Play } from './pair-play.ts';

/** A served, the VIP went to B, whose services are starting; A does not know, and says READY of itself. */
const splitBrain = (): Play => new Play().isServing().vip('refused', { times: 3 }).epoch().node(nodeA, 'ready');

test('R6 in a split brain the node is named that came to be READY with the VIP, not the one that was READY beside it', () => {
  const play = splitBrain().vip('refused').node(nodeA, 'ready').node(nodeB, 'init').vip('ready', { times: 2 });
  assert.deepEqual([play.gate(), play.state.activeNode], ['open', null], 'A said READY while the VIP refused');
  assert.equal(play.node(nodeA, 'ready').state.activeNode, null);
  assert.equal(play.node(nodeB, 'ready').state.activeNode, nodeB);
});

test('R6 a split brain is one switchover: that the other node stops being READY later ends nothing', () => {
  const play = splitBrain().vip('refused').node(nodeA, 'ready').vip('ready', { times: 2 }).node(nodeB, 'ready');
  play.node(nodeA, 'refused').node(nodeB, 'ready').vip('ready');
  assert.deepEqual([play.gate(), play.bumps.length, play.state.activeNode], ['open', 1, nodeB]);
});

test('R6 what a split brain named moves when the named node is not READY any more and the other one is', () => {
  const play = splitBrain().vip('refused').node(nodeA, 'ready').vip('ready', { times: 2 }).node(nodeB, 'ready');
  play.node(nodeB, 'refused').node(nodeA, 'ready');
  assert.equal(play.bumps.at(-1), `the active role moved from ${nodeB} to ${nodeA}`);
});

test('R6 the order in which questions are answered does not bring back a node that was READY beside the VIP', () => {
  const play = splitBrain().vip('refused').node(nodeA, 'ready');
  // Asked of the VIP before the node answered again: it takes nothing back.
  const early = { ...play.observation('refused'), at: play.now - 5 };
  play.happens({ kind: 'vip-observed', observation: early }).node(nodeB, 'init').vip('ready', { times: 2 });
  assert.equal(play.node(nodeA, 'ready').state.activeNode, null);
});

test('R6 silence at the VIP tells nothing of the node behind it', () => {
  const play = new Play().isServing().vip('silence', { times: 3 }).epoch().node(nodeA, 'ready').vip('silence');
  assert.equal(play.vip('ready', { times: 2 }).state.activeNode, nodeA);
});

test('R6 a node that was READY beside the VIP, and got it back, is named when the other one has been heard not to be READY', () => {
  const play = splitBrain().vip('refused').node(nodeA, 'ready').node(nodeB, 'init').vip('ready', { times: 2 });
  assert.equal(play.node(nodeA, 'ready').state.activeNode, null, 'what was heard of B is older than READY');
  assert.equal(play.node(nodeB, 'refused').node(nodeA, 'ready').state.activeNode, nodeA);
  assert.equal(play.bumps.length, 1);
});

test('a refusal at the VIP in an epoch that goes on leaves the name as it was', () => {
  const play = new Play().isServing().vip('refused').vip('ready');
  assert.deepEqual([play.state.activeNode, play.bumps], [nodeA, []]);
});

test('R6 a connection is the node’s if it shows the certificate of the probe, and the first one of an epoch is asked about if not', () => {
  const play = new Play().vip('ready', { times: 2, identity: 'a' });
  assert.deepEqual([admission(play.state, 'a'), admission(play.state, 'b')], ['same', 'ask']);
  play.happens({ kind: 'connected', certificate: 'c', now: play.now });
  assert.deepEqual([admission(play.state, 'c'), admission(play.state, 'a')], ['same', 'other']);
  assert.deepEqual(play.bumps, [], 'its ports have a certificate each');
});

test('R5 another certificate on a later connection ends the epoch, and the next one begins without any', () => {
  const connected = (certificate: string) => ({ kind: 'connected', certificate, now: play.now }) as const;
  const play = new Play().vip('ready', { times: 2 });
  play.happens(connected('a')).happens(connected('a'));
  assert.deepEqual([play.gate(), play.bumps], ['open', []]);
  play.happens(connected('b'));
  assert.deepEqual([play.gate(), play.bumps], ['holding', ['another node answers at the VIP']]);
  assert.equal(play.epoch().state.certificate, null);
});

test('R13 over plain HTTP the active node is the witness of a look, for as long as it has been heard of', () => {
  const play = new Play();
  assert.equal(witnessOf(play.state, play.now), null, 'nobody is known');
  play.isServing();
  assert.equal(witnessOf(play.state, play.now), nodeA);
  const said = play.state.activeSaidAt ?? 0;
  play.node(nodeA, 'refused');
  assert.equal(witnessOf(play.state, said + witnessMaxMs), nodeA, 'its silence must be explained first');
  assert.equal(witnessOf(play.state, said + witnessMaxMs + 1), null, 'it cannot be reached');
});

test('R13 a certificate needs no witness', () => {
  const play = new Play().isServing();
  play.happens({ kind: 'connected', certificate: 'a', now: play.now });
  assert.equal(witnessOf(play.state, play.now), null);
});
