/**
 * How much is measured: with `--tiny` everything is there once and small, which shows that the bench runs and nothing
 * else. Figures of a tiny run mean nothing.
 */
const isTiny = process.argv.includes('--tiny');

export const sized = <Size>(whole: Size, tiny: Size): Size => (isTiny ? tiny : whole);
