// A weighing in words, for the customer's screen and the receipt.

import { kilograms } from '@/format/weight'
import type { Weighing } from '@/host'
import { t } from '@/i18n'

const nothing = (number: string | undefined): boolean => number === undefined || /^0*(\.0*)?$/.test(number)

/** `毛 52.4 − 皮 1.2 − 扣水 3%`; nothing where the gross weight is the net weight. */
export function weighingWords(weighing: Weighing | undefined): string {
  if (!weighing) return ''
  const parts = [t('accept.gross', { n: kilograms(weighing.gross) })]
  if (!nothing(weighing.tare)) parts.push(t('accept.tare', { n: kilograms(weighing.tare ?? '') }))
  for (const { kind, percent, weight } of weighing.deductions ?? []) {
    const name = kind === 'moisture' || kind === 'impurity' ? t(`weigh.${kind}`) : kind
    if (!nothing(percent)) parts.push(`${name} ${percent}%`)
    if (!nothing(weight)) parts.push(`${name} ${weight} kg`)
  }
  return parts.length > 1 ? parts.join(' − ') : ''
}
