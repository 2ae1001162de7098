// What a new passphrase must be.

/** Fewest characters. */
export const SHORTEST = 8

export const tooShort = (typed: string): boolean => typed.length < SHORTEST
export const differs = (typed: string, again: string): boolean => typed !== again
