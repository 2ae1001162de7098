// Pricing for the demo host: the rules of pricing.md as far as the demo book uses them, on big integers. The app's
// engine is the `domain` crate; this exists so that screens can be looked at in a plain browser.

import { formatScaled, parseScaled, trimZeros } from '@/format/decimal'
import type { Item, PreviewLine, QuoteLine, Weighing } from '../types'

/** A rule of the published book. */
export interface Rule {
  category: string
  code?: string
  name?: string
  name_en?: string
  pinyin?: string
  unit: 'kg' | 'piece'
  base_price: string
  attributes?: { field: string; label: string; label_en?: string; type: 'number' | 'bool' | 'choice'; unit?: string; choices?: (string | { value: string; label: string; label_en?: string })[] }[]
  factors: Factor[]
}

/** A factor of a rule. */
export interface Factor {
  field: string
  condition: string
  operand?: unknown
  operation: string
  value: string
  reason?: string
  reason_en?: string
}

const P = 10 // decimals of a unit price
const scale = (text: unknown, digits: number): bigint | null =>
  typeof text === 'string' || typeof text === 'number' ? parseScaled(String(text), digits) : null
const halfUp = (value: bigint, by: bigint): bigint => (value < 0n ? -halfUp(-value, by) : (value + by / 2n) / by)

class Fault extends Error {
  constructor(
    readonly code: string,
    readonly field: string,
  ) {
    super(code)
  }
}

/** One line priced, or what is wrong with it, with the working in words. */
export function priceLine(rules: Rule[], item: Partial<Item>): PreviewLine {
  const zh: string[] = []
  const en: string[] = []
  try {
    const rule = rules.find((r) => r.category === item.category)
    if (!rule) throw new Fault('unknown_category', 'category')
    const grams = quantity(rule, item, zh, en)
    const price = unitPrice(rule, item, zh, en)
    const amount = halfUp(price * grams, 10n ** BigInt(P + 1))
    const line: QuoteLine = {
      category: rule.category,
      quantity: trimZeros(formatScaled(grams, 3)),
      unit_price: trimZeros(formatScaled(price, P)),
      applied: rule.factors.flatMap((factor, i) => (holds(factor, item.attributes?.[factor.field]) ? [i] : [])),
      amount: formatScaled(amount, 2),
    }
    zh.push(`金额 ${line.unit_price} × ${line.quantity} = ${line.amount}`)
    en.push(`Amount ${line.unit_price} × ${line.quantity} = ${line.amount}`)
    return { line, error: null, field: null, trace_zh: zh, trace_en: en }
  } catch (fault) {
    if (fault instanceof Fault) return { line: null, error: fault.code, field: fault.field, trace_zh: [], trace_en: [] }
    throw fault
  }
}

function quantity(rule: Rule, item: Partial<Item>, zh: string[], en: string[]): bigint {
  if (item.quantity != null && item.weighing != null) throw new Fault('quantity_conflict', 'quantity')
  if (item.weighing != null) {
    if (rule.unit !== 'kg') throw new Fault('unit_mismatch', 'weighing')
    return netWeight(item.weighing, zh, en)
  }
  if (item.quantity == null) throw new Fault('missing_quantity', 'quantity')
  const value = scale(item.quantity, 3)
  if (value === null || value <= 0n || value > 1_000_000_000n || (rule.unit === 'piece' && value % 1000n !== 0n)) {
    throw new Fault('invalid_quantity', 'quantity')
  }
  return value
}

function netWeight(weighing: Weighing, zh: string[], en: string[]): bigint {
  const gross = scale(weighing.gross, 6)
  if (gross === null || gross < 0n) throw new Fault('invalid_weighing', 'gross')
  const tare = scale(weighing.tare ?? '0', 6)
  if (tare === null || tare < 0n || tare > gross) throw new Fault('invalid_weighing', 'tare')
  const rest = gross - tare
  let net = rest
  for (const { percent, weight } of weighing.deductions ?? []) {
    const value = scale(percent ?? weight, 6)
    if (value === null || value < 0n || (percent == null) === (weight == null)) throw new Fault('invalid_weighing', 'deductions')
    net -= percent == null ? value : (rest * value) / 100_000_000n
  }
  if (net < 0n) throw new Fault('invalid_weighing', 'deductions')
  const rounded = halfUp(net, 1000n)
  const text = trimZeros(formatScaled(rounded, 3))
  zh.push(`净重 ${weighing.gross} − ${weighing.tare ?? '0'}，扣减后 ${text} 千克`)
  en.push(`Net ${weighing.gross} − ${weighing.tare ?? '0'}, after deductions ${text} kg`)
  return rounded
}

function unitPrice(rule: Rule, item: Partial<Item>, zh: string[], en: string[]): bigint {
  let price = scale(rule.base_price, P) ?? 0n
  zh.push(`基价 ¥${rule.base_price}`)
  en.push(`Base price ¥${rule.base_price}`)
  for (const factor of rule.factors) {
    const answer = item.attributes?.[factor.field]
    if (answer === undefined) continue
    if (!holds(factor, answer)) continue
    price = operate(factor, price)
    const now = trimZeros(formatScaled(price, P))
    zh.push(`${factor.reason ?? factor.field}：单价变为 ¥${now}`)
    en.push(`${factor.reason_en ?? factor.field}: unit price becomes ¥${now}`)
  }
  return price < 0n ? 0n : price
}

function operate(factor: Factor, price: bigint): bigint {
  const value = scale(factor.value, P) ?? 0n
  switch (factor.operation) {
    case 'multiply':
      return halfUp(price * value, 10n ** BigInt(P))
    case 'add':
      return price + value
    case 'subtract':
      return price - value
    case 'set':
      return value
    case 'at_least':
      return price < value ? value : price
    case 'at_most':
      return price > value ? value : price
    default:
      return price
  }
}

const same = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === b
  const [x, y] = [scale(a, 6), scale(b, 6)]
  return x !== null && y !== null ? x === y : String(a) === String(b)
}

function holds(factor: Factor, answer: unknown): boolean {
  if (answer === undefined || answer === null) return false
  const list = Array.isArray(factor.operand) ? factor.operand : [factor.operand]
  switch (factor.condition) {
    case 'exists':
      return true
    case 'eq':
      return same(answer, factor.operand)
    case 'ne':
      return !same(answer, factor.operand)
    case 'in':
      return list.some((one) => same(answer, one))
    case 'not_in':
      return !list.some((one) => same(answer, one))
    default:
      return ordered(factor, answer)
  }
}

function ordered(factor: Factor, answer: unknown): boolean {
  const value = scale(answer, 6)
  if (value === null) throw new Fault('attribute_type', factor.field)
  const [low, high] = (Array.isArray(factor.operand) ? factor.operand : [factor.operand, factor.operand]).map((x) => scale(x, 6) ?? 0n) as [bigint, bigint]
  switch (factor.condition) {
    case 'lt':
      return value < low
    case 'lte':
      return value <= low
    case 'gt':
      return value > low
    case 'gte':
      return value >= low
    default:
      return value >= low && value <= high
  }
}
