// What is wrong with this device beyond a single change: the store, the disk, the lease, the version, the server's word.
// The most serious thing leads. It comes from the state of sync, and from how commands end: a disk that takes nothing
// cannot note that it does not.

import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref } from 'vue'
import { host, onCommands, type Host } from '@/host'
import { useSession } from './session'
import { useSettings } from './settings'
import { useSync } from './sync'

/** What is wrong, the most serious first. */
export const TROUBLES = ['store_corrupt', 'disk_read_only', 'disk_full', 'lease_over', 'device_revoked', 'upgrade_required', 'lease_soon'] as const
export type Trouble = (typeof TROUBLES)[number]

const DAY_MS = 86_400_000
/** From so many days before its end on the lease counts down. */
const SOON_DAYS = 7
const LOOK_MS = 60_000

const OF_DISK: ReadonlySet<string> = new Set(['store_corrupt', 'disk_read_only', 'disk_full'])
/** Commands that the disk has to take: one that ends well shows that it takes things again. */
const WRITES: ReadonlySet<keyof Host> = new Set<keyof Host>(['settingsPut', 'weigh', 'ticket', 'bookVisit', 'estimate', 'execute', 'draftPut', 'picturePut', 'mutationResend', 'repairStore', 'salvageStore'])
const MENDS: ReadonlySet<keyof Host> = new Set<keyof Host>(['salvageStore'])

export const useTrouble = defineStore('trouble', () => {
  const sync = useSync()
  const session = useSession()
  const heard = ref<Trouble | null>(null)
  const now = ref(Date.now())
  const looking = setInterval(() => (now.value = Date.now()), LOOK_MS)
  onScopeDispose(() => clearInterval(looking))

  onCommands((command, code) => {
    if (code !== null && OF_DISK.has(code)) heard.value = code as Trouble
    else if (code === null && WRITES.has(command) && (heard.value !== 'store_corrupt' || MENDS.has(command))) heard.value = null
  })

  /** Milliseconds until the lease ends, by the server's clock; null without one. */
  const leaseLeft = computed(() => {
    const { lease_ends: ends, clock_offset_ms: offset } = sync.status
    return ends === null || !session.inside || session.practice ? null : Date.parse(ends) - (now.value + (offset ?? 0))
  })
  const leaseDays = computed(() => (leaseLeft.value === null ? null : Math.max(0, Math.floor(leaseLeft.value / DAY_MS))))
  /** Nothing new can be begun. */
  const locked = computed(() => session.state.lease_over)

  const present = computed<Trouble[]>(() => {
    const { last_error: error } = sync.status
    const found = new Set<string | null>([heard.value])
    if (session.inside && !session.practice) {
      found.add(error)
      if (locked.value) found.add('lease_over')
      else if (leaseLeft.value !== null && leaseLeft.value <= SOON_DAYS * DAY_MS) found.add('lease_soon')
      if (!locked.value) found.delete('lease_over')
    }
    return TROUBLES.filter((trouble) => found.has(trouble))
  })

  return {
    present, leaseDays, locked,
    /** Where the newer version is, while this one is too old and the server has said it. */
    download: computed(() => (present.value.includes('upgrade_required') ? sync.status.download : null)),
    leading: computed(() => present.value[0] ?? null),
    /** Looks whether the disk takes things again: what is set already is set once more. */
    tryDisk: async () => void (await host().settingsPut(useSettings().settings)),
  }
})
