// Why the role moved, for each of the six causes of the HA chapter and for what only looks like one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cause, causeOf } from '../../src/domain/switchover.ts';
import { nodeA, nodeB, Play, type Word } from './pair-play.ts';

interface Story {
  readonly what: string;
  /** The VIP until `fall`, and then the old active's own monitor. */
  readonly vip: readonly [Word, Word, Word];
  readonly former: Word;
  readonly survivor: Word;
  readonly cause: Cause;
}

const stories: Story[] = [
  {
    what: 'network failure',
    vip: ['silence', 'silence', 'silence'],
    former: 'silence',
    survivor: 'alone',
    cause: 'failover',
  },
  {
    what: 'power failure',
    vip: ['silence', 'refused', 'refused'],
    former: 'silence',
    survivor: 'alone',
    cause: 'failover',
  },
  { what: 'dead VM', vip: ['silence', 'refused', 'broken'], former: 'silence', survivor: 'ready', cause: 'failover' },
  {
    what: 'dead VM that is back as a standby before the end',
    vip: ['silence', 'refused', 'refused'],
    former: 'refused',
    survivor: 'ready',
    cause: 'failover',
  },
  {
    what: 'planned switchover',
    vip: ['refused', 'refused', 'refused'],
    former: 'refused',
    survivor: 'alone',
    cause: 'planned',
  },
  {
    what: 'planned switchover, the new node starting already',
    vip: ['refused', 'broken', 'init'],
    former: 'broken',
    survivor: 'ready',
    cause: 'planned',
  },
  {
    what: 'hardware fault',
    vip: ['broken', 'silence', 'refused'],
    former: 'broken',
    survivor: 'alone',
    cause: 'failover',
  },
  {
    what: 'failed application',
    vip: ['broken', 'refused', 'refused'],
    former: 'broken',
    survivor: 'ready',
    cause: 'failover',
  },
  {
    what: 'node that stopped answering after its services were stopped',
    vip: ['refused', 'refused', 'refused'],
    former: 'silence',
    survivor: 'ready',
    cause: 'failover',
  },
];

for (const { what, vip, former, survivor, cause } of stories) {
  test(`a ${what} is a ${cause} switchover`, () => {
    const play = new Play().isServing();
    for (const word of vip) play.vip(word);
    play.epoch().node(nodeA, former).vip('init').vip(survivor, { times: 2 }).node(nodeB, survivor);
    assert.equal(play.gate(), 'open');
    assert.equal(causeOf(play.state), cause);
  });
}

test('a flap that the node probes saw is planned: both nodes are heard and nothing was silent', () => {
  const play = new Play().isServing().node(nodeB, 'ready').node(nodeA, 'refused').epoch();
  play.vip('ready', { times: 2 }).node(nodeA, 'refused').node(nodeB, 'ready');
  assert.equal(causeOf(play.state), 'planned');
});

test('one lost probe long before a flap does not make it a failover', () => {
  const play = new Play().isServing().vip('silence').vip('ready').node(nodeB, 'ready').node(nodeA, 'refused').epoch();
  play.node(nodeA, 'refused').vip('ready', { times: 2 }).node(nodeB, 'ready');
  assert.equal(causeOf(play.state), 'planned');
});

test('where the same node serves again the role did not move', () => {
  const play = new Play().isServing().vip('broken', { times: 3 }).epoch();
  play.node(nodeA, 'ready').node(nodeB, 'refused').vip('ready', { times: 2 });
  assert.equal(causeOf(play.state), 'unknown');
});

test('of a second switchover before the first one was ready, the first one tells who went and how', () => {
  const play = new Play().isServing().vip('silence', { times: 3 }).epoch().node(nodeB, 'ready').vip('refused').epoch();
  play.node(nodeA, 'refused').vip('ready', { times: 2 }).node(nodeB, 'ready');
  assert.deepEqual([play.state.formerNode, causeOf(play.state)], [nodeA, 'failover']);
});

const withoutNodes: [Word, Word, Cause][] = [
  ['silence', 'ready', 'failover'],
  ['broken', 'ready', 'failover'],
  ['refused', 'alone', 'failover'],
  ['refused', 'ready', 'unknown'],
];
for (const [vip, survivor, cause] of withoutNodes) {
  test(`without node addresses, ${vip} and then a survivor that says ${survivor} is ${cause}`, () => {
    const play = new Play({}, []).vip('ready', { times: 2 }).vip(vip, { times: 3 }).epoch().vip(survivor, { times: 2 });
    assert.equal(causeOf(play.state), cause);
  });
}
