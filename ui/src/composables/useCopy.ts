// Copying text, said when done.

import { t } from '@/i18n'
import { useToasts } from '@/stores/toasts'

/** Puts a text on the clipboard; where the system forbids that, selects nothing and says so by code. */
export function useCopy() {
  const toasts = useToasts()
  return async (text: string) => {
    try {
      await navigator.clipboard.writeText(text)
      toasts.say(t('act.copied'))
    } catch {
      toasts.fail({ code: 'clipboard' })
    }
  }
}
