// The order in which the keyboard goes through the lines: Enter and Tab agree on it.

import type { CatalogueItem } from '@/host'
import type { NumberField, Row } from './rows'

/** Where the cursor is. */
export interface Place {
  row: string
  field: NumberField
}

/** What lines are for: weighing a visit, a ticket at the counter, or an estimate of what nobody has weighed yet. */
export type Way = 'weigh' | 'counter' | 'estimate'

// At the counter the deductions are there, but Enter passes them.
const BY_WEIGHT: Record<Way, NumberField[]> = { weigh: ['gross', 'tare', 'moisture', 'impurity'], counter: ['gross', 'tare'], estimate: ['quantity'] }

/** Number fields of a line, in order. */
export function fieldsOf(goods: CatalogueItem | undefined, row: Row, way: Way = 'weigh'): NumberField[] {
  const pieces = goods ? goods.unit === 'piece' : row.quantity !== '' && row.gross === ''
  return pieces ? ['quantity'] : BY_WEIGHT[way]
}

/** The name on the screen of a question's field: a category may ask for its moisture beside the deduction for it. */
export const attributeField = (field: string): string => `attr:${field}`

/** Where Enter leads: the next field, the next line's first field, or `new` for another line. */
export function after(
  place: Place, rows: readonly Row[], goodsOf: (category: string) => CatalogueItem | undefined, way: Way = 'weigh',
): Place | 'new' {
  const at = rows.findIndex((r) => r.key === place.row)
  const row = rows[at]
  if (!row) return 'new'
  const fields = fieldsOf(goodsOf(row.category), row, way)
  const index = fields.indexOf(place.field)
  const next = index < 0 ? undefined : fields[index + 1]
  if (next) return { row: row.key, field: next }
  const following = rows[at + 1]
  if (!following) return 'new'
  return first(following, goodsOf, way)
}

/** The first number field of a line. */
export function first(row: Row, goodsOf: (category: string) => CatalogueItem | undefined, way: Way = 'weigh'): Place {
  return { row: row.key, field: fieldsOf(goodsOf(row.category), row, way)[0] ?? 'gross' }
}
