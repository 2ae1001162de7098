// The lines on the screen: what was typed, unfinished numbers included. Made from booked or weighed items and turned
// into items for the engine; prices are the engine's affair.

import type { CatalogueItem, Deduction, GapCode, GapReason, Item, Weighing } from '@/host'
import { readAnswer, readPercent, readPieces, readWeight, toSend } from './numbers'

/** The fields of a row that hold a typed number. */
export type NumberField = 'gross' | 'tare' | 'moisture' | 'impurity' | 'quantity'

/** One line as it stands on the screen. */
export interface Row {
  /** Stable while the line lives. */
  key: string
  category: string
  gross: string
  tare: string
  /** 扣水, percent. */
  moisture: string
  /** 扣杂, in `impurityUnit`. */
  impurity: string
  impurityUnit: 'percent' | 'weight'
  /** Pieces, or kilograms where no weighing is known. */
  quantity: string
  attributes: Record<string, string | number | boolean>
  /** How the gross weight came about. */
  source: 'typed' | 'scale'
  /** What was booked, as a hint. */
  booked: string
  reason: GapCode | ''
  reasonText: string
  /** Deductions of other kinds, kept as they came. */
  otherDeductions: Deduction[]
  note: string
}

let count = 0

/** A key no other row of this window has. */
export function newKey(): string {
  count += 1
  return `${Date.now().toString(36)}-${count}`
}

/** An empty line of some goods; pieces begin with one. */
export function newRow(goods: CatalogueItem): Row {
  return {
    key: newKey(), category: goods.category, gross: '', tare: '', moisture: '', impurity: '', impurityUnit: 'percent',
    quantity: goods.unit === 'piece' ? '1' : '', attributes: {}, source: 'typed', booked: '', reason: '', reasonText: '',
    otherDeductions: [], note: '',
  }
}

/** Another kind of goods in the same line: weights stay, answers to other questions go. */
export function changeGoods(row: Row, goods: CatalogueItem): Row {
  const asked = new Set(goods.attributes.map((a) => a.field))
  const attributes = Object.fromEntries(Object.entries(row.attributes).filter(([field]) => asked.has(field)))
  const quantity = goods.unit === 'piece' ? row.quantity || '1' : ''
  return { ...row, category: goods.category, attributes, quantity }
}

/** Another kind of goods in a line of an estimate: what was counted is no weight, and what was weighed no count. */
export function estimateOther(row: Row, was: CatalogueItem | undefined, goods: CatalogueItem): Row {
  const { quantity } = was?.unit === goods.unit ? row : newRow(goods)
  return { ...changeGoods(row, goods), quantity }
}

/** A line of an estimate from goods as booked; what was weighed then stands as its net weight. */
export function fromEstimated(item: Item, net: string | undefined): Row {
  return { ...blank(item), quantity: item.quantity ?? net ?? '' }
}

/** A line from booked goods: pieces and answers are taken over, kilograms become a hint and are weighed. */
export function fromBooked(item: Item, goods: CatalogueItem | undefined): Row {
  const weighed = goods ? goods.unit === 'kg' : item.weighing !== undefined
  const row = blank(item)
  const booked = item.quantity ?? item.weighing?.gross ?? ''
  return weighed ? { ...row, booked } : { ...row, booked, quantity: item.quantity ?? '1' }
}

/** A line from goods weighed before, to correct them. */
export function fromWeighed(item: Item, reasons: readonly GapReason[], line: number, goods?: CatalogueItem): Row {
  const w = item.weighing
  const moisture = w?.deductions?.find((d) => d.kind === 'moisture' && d.percent !== undefined)
  const impurity = w?.deductions?.find((d) => d.kind === 'impurity')
  const reason = reasons.find((r) => r.line === line)
  return {
    ...blank(item),
    gross: w?.gross ?? (goods?.unit === 'kg' ? (item.quantity ?? '') : ''), tare: w?.tare ?? '',
    moisture: moisture?.percent ?? '', impurity: impurity?.percent ?? impurity?.weight ?? '',
    impurityUnit: impurity?.weight !== undefined ? 'weight' : 'percent',
    quantity: item.quantity ?? '', source: w?.source === 'scale' ? 'scale' : 'typed',
    reason: reason?.code ?? '', reasonText: reason?.text ?? '',
    otherDeductions: (w?.deductions ?? []).filter((d) => d !== moisture && d !== impurity),
  }
}

function blank(item: Item): Row {
  return {
    key: newKey(), category: item.category, gross: '', tare: '', moisture: '', impurity: '', impurityUnit: 'percent', quantity: '',
    attributes: { ...item.attributes }, source: 'typed', booked: '', reason: '', reasonText: '', otherDeductions: [], note: item.note ?? '',
  }
}

/** The item a line stands for. Goods sold by the piece, and goods whose kind is unknown here but counted, carry a
 * quantity; all others a weighing. */
export function toItem(row: Row, goods: CatalogueItem | undefined): Item {
  const item: Item = { category: row.category }
  const pieces = goods ? goods.unit === 'piece' : row.quantity !== ''
  const quantity = pieces ? toSend(row.quantity, readPieces) : undefined
  const weighing = pieces ? undefined : toWeighing(row)
  if (quantity !== undefined) item.quantity = quantity
  if (weighing) item.weighing = weighing
  return withAnswers(item, row, goods)
}

/** The item a line of an estimate stands for: pieces, or kilograms as somebody guessed them. */
export function toEstimated(row: Row, goods: CatalogueItem | undefined): Item {
  const item: Item = { category: row.category }
  const quantity = toSend(row.quantity, goods?.unit === 'piece' ? readPieces : readWeight)
  if (quantity !== undefined) item.quantity = quantity
  return withAnswers(item, row, goods)
}

function withAnswers(item: Item, row: Row, goods: CatalogueItem | undefined): Item {
  const attributes = toAttributes(row, goods)
  if (Object.keys(attributes).length > 0) item.attributes = attributes
  if (row.note) item.note = row.note
  return item
}

function toWeighing(row: Row): Weighing | undefined {
  const gross = toSend(row.gross, readWeight)
  if (gross === undefined) return undefined
  const weighing: Weighing = { gross, source: row.source }
  const tare = toSend(row.tare, readWeight)
  if (tare !== undefined) weighing.tare = tare
  const deductions = toDeductions(row)
  if (deductions.length > 0) weighing.deductions = deductions
  return weighing
}

function toDeductions(row: Row): Deduction[] {
  const deductions: Deduction[] = [...row.otherDeductions]
  const moisture = toSend(row.moisture, readPercent)
  if (moisture !== undefined) deductions.push({ kind: 'moisture', percent: moisture })
  const byWeight = row.impurityUnit === 'weight'
  const impurity = toSend(row.impurity, byWeight ? readWeight : readPercent)
  if (impurity !== undefined) deductions.push(byWeight ? { kind: 'impurity', weight: impurity } : { kind: 'impurity', percent: impurity })
  return deductions
}

/** Answers that were given; typed numbers without their unit. */
function toAttributes(row: Row, goods: CatalogueItem | undefined): Record<string, string | number | boolean> {
  const answers: Record<string, string | number | boolean> = {}
  for (const [field, value] of Object.entries(row.attributes)) {
    const spec = goods?.attributes.find((a) => a.field === field)
    if (value === '') continue
    answers[field] = spec?.type === 'number' ? (toSend(String(value), (text) => readAnswer(text, spec.unit)) ?? value) : value
  }
  return answers
}

/** Reasons given, by line. */
export function gapReasons(rows: readonly Row[]): GapReason[] {
  return rows.flatMap((row, line) => {
    if (row.reason === '') return []
    const text = row.reasonText.trim()
    return [text ? { line, code: row.reason, text } : { line, code: row.reason }]
  })
}

/** Whether anything was entered yet: a fresh line shows no fault. */
export function untouched(row: Row, goods: CatalogueItem | undefined, estimate = false): boolean {
  return estimate || goods?.unit === 'piece' ? row.quantity.trim() === '' : row.gross.trim() === '' && row.tare.trim() === ''
}

/** Questions of the category without an answer. */
export function unanswered(row: Row, goods: CatalogueItem | undefined): number {
  return (goods?.attributes ?? []).filter((a) => row.attributes[a.field] === undefined || row.attributes[a.field] === '').length
}
