/** The machine as the product asks for it: a name, and a pause. */
import { theWorld } from './world.ts';

export const hostname = (): string => 'gateway';

export { pause as setTimeout, turn as setImmediate };

const pause = (delayMs: number): Promise<void> => theWorld().clock.pause(delayMs);

const turn = (): Promise<void> => theWorld().clock.pause(0);
