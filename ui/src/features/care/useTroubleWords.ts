// A trouble in words: some parts are plainer where nothing waits to be sent, or where the new version has an address.

import { computed } from 'vue'
import { has, t } from '@/i18n'
import { useSync } from '@/stores/sync'
import { useTrouble, type Trouble } from '@/stores/trouble'
import { version } from '../../../package.json'

export function useTroubleWords(kind: () => Trouble | null) {
  const sync = useSync()
  const trouble = useTrouble()
  const waiting = computed(() => {
    const { pending, pictures } = sync.status
    const parts = [pending > 0 ? t('care.waiting.operations', { n: pending }) : '', pictures > 0 ? t('care.waiting.pictures', { n: pictures }) : '']
    return parts.filter((part) => part !== '').join(t('care.waiting.and'))
  })

  /** `title`, `short`, `happened`, `safe` or `next` of the trouble. */
  function say(part: string): string {
    const forms = [sync.status.download ? `${part}_download` : '', waiting.value === '' ? `${part}_nothing` : '', part]
    const form = forms.find((one) => one !== '' && has(`care.trouble.${kind()}.${one}`)) ?? part
    return t(`care.trouble.${kind()}.${form}`, { days: trouble.leaseDays, waiting: waiting.value, version })
  }

  return { say }
}
