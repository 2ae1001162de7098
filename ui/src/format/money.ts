// Money: strings of yuan on the wire, whole fen here.

import { formatScaled, grouped, parseScaled } from './decimal'

/** Whole fen of an amount in yuan; 0 for what is no amount. */
export const fen = (yuan: string | null | undefined): bigint => (yuan == null ? 0n : (parseScaled(yuan, 2) ?? 0n))

/** Yuan with two decimals, as the engine takes it. */
export const yuan = (amount: bigint): string => formatScaled(amount, 2)

/** `¥1,234.50`, `-¥0.63`; with `signed` also `+¥3.00`. */
export function money(amount: string | bigint | null | undefined, signed = false): string {
  const value = typeof amount === 'bigint' ? amount : fen(amount)
  const size = grouped(formatScaled(value < 0n ? -value : value, 2))
  const sign = value < 0n ? '-' : signed && value > 0n ? '+' : ''
  return `${sign}¥${size}`
}

/** A price for people: at least two decimals, more where the book has them. */
export function priceText(price: string): string {
  const [whole = '', part = ''] = price.split('.')
  return /^\d+$/.test(whole) ? `${whole}.${part.padEnd(2, '0')}` : price
}
