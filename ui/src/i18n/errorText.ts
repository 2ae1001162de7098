// An error's code, and its field, in words.

import type { AppError } from '@/host'
import { has, t } from './index'

/** The words of a code; with a field, which field. Unknown codes name themselves so that support can look them up. */
export function errorText(code: string, field?: string | null): string {
  const text = has(`error.${code}`) ? t(`error.${code}`) : t('error.unknown', { code })
  const label = field ? fieldLabel(field) : ''
  return label ? t('error.at_field', { field: label, text }) : text
}

/** The name of a field, for the ones that have one: `items[0].weighing.gross` → 毛重. */
export function fieldLabel(field: string): string {
  const name = field.replace(/\[\d+\]/g, '').split('.').at(-1) ?? ''
  return has(`field.${name}`) ? t(`field.${name}`) : ''
}

/** Faults by field, for showing each at its field. */
export function faultsByField(error: AppError): Record<string, string> {
  const faults: Record<string, string> = {}
  if (error.field) faults[error.field] = errorText(error.code)
  for (const fault of error.errors) faults[fault.field] = errorText(fault.code)
  return faults
}
