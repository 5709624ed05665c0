/** What several tests of the ops listener need: a client of it, and a transaction that awaits an operator. */
import supertest from 'supertest';
import type { Status } from '../../src/domain/transaction.ts';
import { until } from './until.ts';
import { deploymentXml, type Told, type World } from './world.ts';

/** Requests to the ops listener, `supertest(url)`; credentials are the test's to set. */
export const ops = (world: World): ReturnType<typeof supertest> => supertest(world.gateway.ops.url);

/** Resolves when so many transactions of the journal have come to `status`. */
export async function counted(world: World, status: Status, count = 1): Promise<void> {
  const { journal } = world.gateway;
  await until(async () => (await journal.counts())[status] === count, `${count} are ${status}`);
}

/** Begins a switchover that stays where nobody answers until `pair.proceed()`. */
export async function shut(world: World): Promise<void> {
  await world.pair.switchover('application', { stopAt: 'P1' });
  await until(() => !world.gateway.coordinator.isOpen, 'the gate is shut');
}

const reboot = '<service_operation><operation>REBOOT</operation></service_operation>';

/** A reboot of deployment `db` whose answer was lost: its policy leaves it to the operator (R17). The client still waits. */
export async function awaitingOperator(world: World): Promise<{ id: string; told: Promise<Told> }> {
  await world.createTenant('shop');
  await world.send('POST', '/ESCManager/v0/shop/deployments/db', deploymentXml('db'));
  await until(() => world.pair.resources().some(({ id, state }) => id === 'db' && state.is === 'active'), 'db is up');
  world.pair.crashAt('before-commit', { method: 'POST', path: 'service/db' });
  const told = world.send('POST', '/ESCManager/v0/shop/deployments/service/db', reboot, {
    Callback: 'http://127.0.0.1:9/',
  });
  let id = '';
  await until(async () => {
    const [found] = await world.gateway.journal.list({ status: 'awaiting-operator', limit: 1 });
    id = found?.id ?? '';
    return id !== '';
  }, 'the reboot awaits an operator');
  await world.open();
  return { id, told };
}
