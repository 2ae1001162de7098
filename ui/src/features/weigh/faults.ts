// What is wrong with a line, in words that name the field in front of the person; other codes have their common words.

import type { CatalogueItem, PreviewLine } from '@/host'
import { t } from '@/i18n'
import { errorText } from '@/i18n/errorText'
import { readPercent, readPieces, readWeight } from './numbers'
import type { Row } from './rows'

/** The words for a line's fault; empty where there is none. */
export function faultWords(row: Row, line: PreviewLine | undefined, goods: CatalogueItem | undefined, estimate = false): string {
  const code = line?.error
  if (!code) return ''
  const unread = unreadable(row, goods, estimate)
  if (unread !== null && ['invalid_weighing', 'invalid_quantity'].includes(code)) return t('weigh.fault.unreadable', { text: unread })
  if (estimate && goods?.unit === 'kg' && (code === 'missing_quantity' || code === 'invalid_quantity')) return t('weigh.fault.guess')
  if (code === 'missing_quantity') return t(goods?.unit === 'piece' ? 'weigh.fault.pieces' : 'weigh.fault.gross')
  if (code === 'invalid_quantity' && goods?.unit === 'piece') return t('weigh.fault.pieces')
  const field = line.field?.split('.').at(-1)
  if (code === 'invalid_weighing' && (field === 'tare' || field === 'deductions')) return t(`weigh.fault.${field}`)
  return errorText(code, code === 'invalid_weighing' ? line.field : null)
}

/** The first typed text that is no number at all. */
function unreadable(row: Row, goods: CatalogueItem | undefined, estimate: boolean): string | null {
  const typed: [string, (text: string) => string | null][] = estimate || goods?.unit === 'piece'
    ? [[row.quantity, goods?.unit === 'piece' ? readPieces : readWeight]]
    : [[row.gross, readWeight], [row.tare, readWeight], [row.moisture, readPercent], [row.impurity, row.impurityUnit === 'weight' ? readWeight : readPercent]]
  const bad = typed.find(([text, read]) => text.trim() !== '' && !/^-/.test(text.trim()) && read(text) === null)
  return bad ? bad[0].trim() : null
}
