// A rule's factors in words: 含水率大于 10 %：单价 × 0.90（受潮）.

import type { AttributeSpec, CatalogueItem } from '@/host'
import { language, t } from '@/i18n'

interface Factor {
  field: string
  condition: string
  operand?: unknown
  operation: string
  value: unknown
  reason?: unknown
  reason_en?: unknown
}

const isFactor = (value: unknown): value is Factor =>
  typeof value === 'object' && value !== null && 'field' in value && typeof value.field === 'string' && 'condition' in value && typeof value.condition === 'string' && 'operation' in value && typeof value.operation === 'string'

/** The factors of a category among the book's rules. */
export function factorsOf(rules: unknown[], category: string): Factor[] {
  const rule = rules.find((one) => typeof one === 'object' && one !== null && 'category' in one && one.category === category)
  const factors = rule && typeof rule === 'object' && 'factors' in rule && Array.isArray(rule.factors) ? rule.factors : []
  return factors.filter(isFactor)
}

/** Each factor of an item as one sentence. */
export const factorWords = (rules: unknown[], item: CatalogueItem): string[] => factorsOf(rules, item.category).map((factor) => words(factor, item))

function words(factor: Factor, item: CatalogueItem): string {
  const spec = item.attributes.find((a) => a.field === factor.field)
  const field = spec ? named(spec) : factor.field
  const operation = t(`prices.operation.${factor.operation}`, { value: String(factor.value) })
  const sentence = t('prices.sentence', { field, condition: condition(factor, spec), operation })
  const reason = language() === 'en' ? (factor.reason_en ?? factor.reason) : factor.reason
  return typeof reason === 'string' && reason !== '' && reason !== field ? t('prices.with_reason', { sentence, reason }) : sentence
}

const named = (one: { label: string; label_en: string }): string => (language() === 'en' ? one.label_en : one.label)

function condition(factor: Factor, spec: AttributeSpec | undefined): string {
  const { operand } = factor
  if (typeof operand === 'boolean') return t(`prices.condition.${(factor.condition === 'eq') === operand ? 'yes' : 'no'}`)
  if (factor.condition === 'between' && Array.isArray(operand)) return t('prices.condition.between', { low: answer(operand[0], spec, false), high: answer(operand[1], spec, true) })
  const list = Array.isArray(operand) ? operand.map((one) => answer(one, spec, true)).join(t('prices.or')) : answer(operand, spec, true)
  return t(`prices.condition.${factor.condition}`, { operand: list })
}

function answer(value: unknown, spec: AttributeSpec | undefined, withUnit: boolean): string {
  const choice = spec?.choices.find((one) => one.value === String(value))
  if (choice) return named(choice)
  return withUnit && spec?.unit ? `${String(value)} ${spec.unit}` : String(value)
}
