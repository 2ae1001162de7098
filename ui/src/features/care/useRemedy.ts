// The one action that goes with each trouble, wherever it is shown.

import { ref } from 'vue'
import { useRouter } from 'vue-router'
import { host } from '@/host'
import { t } from '@/i18n'
import { useSession } from '@/stores/session'
import { useSync } from '@/stores/sync'
import { useToasts } from '@/stores/toasts'
import { useTrouble, type Trouble } from '@/stores/trouble'

/** What the button does. */
export type Remedy = 'sync' | 'disk' | 'check'

/** Which action helps against what. */
export const REMEDIES: Record<Trouble, Remedy> = {
  store_corrupt: 'check', disk_read_only: 'disk', disk_full: 'disk', lease_over: 'sync', device_revoked: 'sync', upgrade_required: 'sync', lease_soon: 'sync',
}

/** What it is called. */
export const remedyName = (trouble: Trouble): string => {
  if (REMEDIES[trouble] === 'check') return t('care.go_check')
  return t(trouble === 'lease_over' || trouble === 'lease_soon' ? 'care.sync_now' : 'care.again')
}

export function useRemedy() {
  const sync = useSync()
  const session = useSession()
  const toasts = useToasts()
  const trouble = useTrouble()
  const router = useRouter()
  const busy = ref(false)

  async function contact(against: Trouble) {
    if (sync.status.offline_switch) await sync.setOffline(false)
    await sync.syncNow().catch(() => sync.refresh())
    if (against === 'lease_over' ? session.state.lease_over : sync.status.last_error !== null) toasts.fail({ code: sync.status.last_error ?? 'offline' })
    else toasts.say(t('sync.synced'))
  }

  async function disk() {
    try {
      await trouble.tryDisk()
      toasts.say(t('care.disk_fine'))
    } catch (reason) {
      toasts.fail(reason)
    }
  }

  async function go(against: Trouble) {
    if (busy.value) return
    busy.value = true
    try {
      if (REMEDIES[against] === 'check') await router.push({ name: 'check' })
      else if (REMEDIES[against] === 'disk') await disk()
      else await contact(against)
    } catch (reason) {
      toasts.fail(reason)
    } finally {
      busy.value = false
    }
  }

  /** Hands the newer version's address to the system. */
  const fetchNew = (address: string) => host().openLink(address).catch(toasts.fail)

  return { busy, go, fetchNew }
}
