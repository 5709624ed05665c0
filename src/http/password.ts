/**
 * Passwords of clients, kept as scrypt hashes in the PHC string format: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64 without
 * padding. A check takes some 60 ms and 32 MiB, off the event loop and one at a time, so that guesses cannot use up either.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import PQueue from 'p-queue';

const saltBytes = 16;
const hashBytes = 32;
const logCost = 15;
const waitingMax = 100;

/** Anchored and of bounded quantifiers: it comes from a file that somebody wrote. */
const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

const checks = new PQueue({ concurrency: 1 });

interface Parts {
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Null: it is none, or one that would cost more than 256 MiB. */
function partsOf(written: string): Parts | null {
  const [, ln, r, p, salt = '', hash = ''] = form.exec(written) ?? [];
  const parts = {
    logCost: Number(ln),
    blockSize: Number(r),
    parallel: Number(p),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  const isSound = parts.logCost >= 10 && parts.logCost <= 18 && parts.blockSize >= 1 && parts.blockSize <= 8;
  return isSound && parts.parallel >= 1 && parts.parallel <= 4 ? parts : null;
}

export const isPasswordHash = (written: string): boolean => partsOf(written) !== null;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, { logCost, blockSize: 8, parallel: 1, salt, hash: Buffer.alloc(hashBytes) });
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=${logCost},r=8,p=1$${text(salt)}$${text(hash)}`;
}

/** False too where more checks wait than could be made in a few seconds. */
export async function isPassword(given: string, written: string): Promise<boolean> {
  const parts = partsOf(written);
  if (parts === null || checks.size >= waitingMax) return false;
  return checks.add(async () => timingSafeEqual(await derive(given, parts), parts.hash));
}

function derive(password: string, { logCost, blockSize, parallel, salt, hash }: Parts): Promise<Buffer> {
  const cost = { N: 2 ** logCost, r: blockSize, p: parallel, maxmem: 512 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, cost, (error, derived) => (error === null ? resolve(derived) : reject(error)));
  });
}
