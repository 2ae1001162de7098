// Handing over cash: what the other side gives back when larger notes were given.

import { readFen } from '../weigh/numbers'

/** What was given against what is owed. */
export type Change =
  | { kind: 'none' }
  | { kind: 'unreadable' }
  /** Less was given than is owed. */
  | { kind: 'short'; amount: bigint }
  | { kind: 'back'; amount: bigint }

/** The change for what was typed as given; nothing typed means exact. */
export function change(given: string, owed: bigint): Change {
  if (given.trim() === '') return { kind: 'none' }
  const value = readFen(given)
  if (value === null || value < 0n) return { kind: 'unreadable' }
  return value < owed ? { kind: 'short', amount: owed - value } : { kind: 'back', amount: value - owed }
}

/** What is wrong with an amount to pay. */
export type AmountFault = 'unreadable' | 'not_positive' | null

/** Reads an amount to pay against what is left; `over` says by how much it exceeds that. */
export function payable(typed: string, left: bigint): { amount: bigint; fault: AmountFault; over: bigint } {
  const amount = readFen(typed)
  if (amount === null) return { amount: 0n, fault: 'unreadable', over: 0n }
  if (amount <= 0n) return { amount, fault: 'not_positive', over: 0n }
  return { amount, fault: null, over: amount > left ? amount - left : 0n }
}
