// The lines of a quote being made, with their running prices: what the weighing and the counter have in common.

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { asAppError, host, type Adjustment, type AppError, type CatalogueItem, type GapReason, type Item, type LineDifference, type Preview, type PreviewLine } from '@/host'
import { useCatalogue } from '@/stores/catalogue'
import { adjustments, bargainUnreadable, noAdjusting, type Adjusting } from './adjust'
import { attributeField, fieldsOf, type Way } from './fields'
import { latest } from './latest'
import { changeGoods, estimateOther, gapReasons, newRow, toEstimated, toItem, untouched, type Row } from './rows'

/** What is asked of the engine, with the rows it was about. */
interface Question {
  keys: string[]
  items: Item[]
  adjusting: Adjusting
  reasons: GapReason[]
}

interface Answer {
  preview: Preview
  adjustments: Adjustment[]
}

/** A row priced. */
export interface Priced {
  line: PreviewLine
  difference: LineDifference | undefined
  owed: boolean
}

/** Where the first thing to mend is. */
export type Fault = { row: string; field: string } | { adjusting: true } | null

/** Lines, their prices and what is missing. `appointment` names the visit whose estimate to compare with. */
export function useLines(appointment: () => string | null, way: Way = 'weigh') {
  const catalogue = useCatalogue()
  const rows = ref<Row[]>([])
  const adjusting = ref<Adjusting>(noAdjusting())
  const preview = shallowRef<Preview | null>(null)
  const granted = shallowRef<Adjustment[]>([])
  const priced = shallowRef(new Map<string, Priced>())
  const failure = ref<AppError | null>(null)
  const busy = ref(false)

  const goodsOf = (category: string): CatalogueItem | undefined => catalogue.byCategory.get(category)

  const item = way === 'estimate' ? toEstimated : toItem

  function question(): Question {
    return {
      keys: rows.value.map((r) => r.key),
      items: rows.value.map((r) => item(r, goodsOf(r.category))),
      adjusting: { ...adjusting.value },
      reasons: gapReasons(rows.value),
    }
  }

  // What is rounded off depends on the total, which only the engine knows: where the total has moved, ask again.
  async function send(q: Question): Promise<Answer> {
    const ask = (list: Adjustment[]) =>
      host().preview({ items: q.items, adjustments: list, gap_reasons: q.reasons, appointment_id: appointment() })
    const guess = adjustments(q.adjusting, preview.value?.total ?? '0.00')
    const first = await ask(guess)
    const meant = adjustments(q.adjusting, first.total)
    const same = JSON.stringify(guess) === JSON.stringify(meant)
    return { preview: same ? first : await ask(meant), adjustments: meant }
  }

  function show(answer: Answer, q: Question) {
    const { preview: p } = answer
    preview.value = p
    granted.value = answer.adjustments
    failure.value = null
    busy.value = false
    priced.value = new Map(q.keys.flatMap((key, at) => {
      const line = p.lines[at]
      if (!line) return []
      const difference = p.difference?.lines.find((d) => d.line === at)
      return [[key, { line, difference, owed: p.difference?.reasons_owed.includes(at) ?? false }] as const]
    }))
  }

  const asking = latest(send, show, (reason) => {
    failure.value = asAppError(reason)
    busy.value = false
  })

  function refresh() {
    if (rows.value.length === 0) {
      asking.stop()
      preview.value = null
      priced.value = new Map()
      busy.value = false
      return
    }
    busy.value = true
    asking.ask(question())
  }

  watch([rows, adjusting, () => catalogue.book], refresh, { deep: true })
  onScopeDispose(() => asking.stop())

  /** Everything as it is now, priced. */
  async function settled(): Promise<Preview | null> {
    if (rows.value.length === 0) return null
    asking.ask(question())
    await asking.flush()
    return preview.value
  }

  function add(goods: CatalogueItem): Row {
    rows.value.push(newRow(goods))
    return rows.value.at(-1) as Row
  }

  function change(key: string, part: Partial<Row>) {
    const row = rows.value.find((r) => r.key === key)
    if (row) Object.assign(row, part)
  }

  function regoods(key: string, goods: CatalogueItem) {
    const changed = (r: Row) => (way === 'estimate' ? estimateOther(r, goodsOf(r.category), goods) : changeGoods(r, goods))
    rows.value = rows.value.map((r) => (r.key === key ? changed(r) : r))
  }

  /** Takes a line out; the returned function puts it back where it was. */
  function remove(key: string): (() => void) | null {
    const at = rows.value.findIndex((r) => r.key === key)
    const row = rows.value[at]
    if (!row) return null
    rows.value = rows.value.filter((r) => r.key !== key)
    return () => {
      if (rows.value.some((r) => r.key === key)) return
      rows.value = [...rows.value.slice(0, at), row, ...rows.value.slice(at)]
    }
  }

  const fault = computed<Fault>(() => {
    for (const row of rows.value) {
      const found = priced.value.get(row.key)
      if (found?.line.error) return { row: row.key, field: faultField(row, found.line.field, goodsOf(row.category), way) }
    }
    const owed = rows.value.find((r) => priced.value.get(r.key)?.owed)
    if (owed) return { row: owed.key, field: 'reason' }
    if (preview.value?.adjustment_fault || bargainUnreadable(adjusting.value)) return { adjusting: true }
    return null
  })

  const faults = computed(() => rows.value.filter((r) => {
    const found = priced.value.get(r.key)
    return found !== undefined && (found.line.error !== null || found.owed)
  }).length + (preview.value?.adjustment_fault || bargainUnreadable(adjusting.value) ? 1 : 0))

  return {
    way, rows, adjusting, preview, granted, priced, failure, busy, fault, faults, catalogue,
    goodsOf, add, change, regoods, remove, settled, refresh, question,
    untouched: (row: Row) => untouched(row, goodsOf(row.category), way === 'estimate'),
  }
}

/** The field on the screen that an engine's field stands for. */
export function faultField(row: Row, field: string | null, goods: CatalogueItem | undefined, way: Way = 'weigh'): string {
  const name = field?.split('.').at(-1) ?? ''
  const start = goods ? (fieldsOf(goods, row, way)[0] ?? 'quantity') : way === 'estimate' ? 'quantity' : 'gross'
  if (name === 'deductions') return row.moisture === '' && row.impurity !== '' ? 'impurity' : 'moisture'
  if (name === '' || name === 'weighing' || name === 'quantity' || name === 'category') return start
  if (name === 'gross' || name === 'tare') return name
  return attributeField(name)
}
