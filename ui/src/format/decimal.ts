// Exact decimals on big integers: money and weights never pass through a float.

/** Characters people type for digits and points, full-width ones included. */
export function plainDigits(text: string): string {
  return text
    .replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[．。]/g, '.')
    .replace(/[，,\s]/g, '')
    .replace(/[－−]/g, '-')
}

/** `text` as a whole number of 10^-scale; null if it is no number or has more decimals than that. */
export function parseScaled(text: string, scale: number): bigint | null {
  const match = /^(-?)(\d{0,12})(?:\.(\d*))?$/.exec(text.trim())
  if (!match) return null
  const [, sign, whole = '', fraction = ''] = match
  if (whole === '' && fraction === '') return null
  if (fraction.replace(/0+$/, '').length > scale) return null
  const digits = BigInt((whole || '0') + fraction.padEnd(scale, '0').slice(0, scale))
  return sign ? -digits : digits
}

/** The text of a scaled number with all its decimals. */
export function formatScaled(value: bigint, scale: number): string {
  const negative = value < 0n
  const digits = (negative ? -value : value).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`
  return negative ? `-${text}` : text
}

/** Without trailing zeros. */
export function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Thousands separated. */
export function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}
