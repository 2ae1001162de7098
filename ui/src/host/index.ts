// The way to the engine. Screens know only this interface; what is behind it is the desktop shell (tauri.ts) or, in a
// plain browser and in tests, an engine played in memory (demo/).

import type {
  AppError, AppointmentDetail, AppointmentFilter, AppointmentRow, BookingRequest, BookView, Credentials, DataChanged, Directory,
  DraftEntry, EstimateRequest, Executed, MutationEntry, OrderDetail, OrderFilter, OrderRow, Picture, Plan, Preview, PreviewRequest, Registration,
  Repair, SessionState, SetAside, Settings, SyncStatus, TicketRequest, Verified, WaysBack, WeighRequest,
} from './types'

export type * from './types'

/** What the engine tells without being asked. */
export interface HostEvents {
  'sync-status': SyncStatus
  'data-changed': DataChanged
  'session-changed': SessionState
}

/** Every command of the engine; each rejects with an `AppError`. */
export interface Host {
  sessionState(): Promise<SessionState>
  /** Tries again to open the store; with a passphrase where the system has no keyring. */
  openStore(passphrase: string | null): Promise<SessionState>
  /** What there is to open a store with whose key is not at hand. */
  waysBack(): Promise<WaysBack>
  /** Gets the store's key back from the server; with a new passphrase where the system has no keyring. */
  recoverStore(pairingCode: string, passphrase: string | null): Promise<SessionState>
  /** Sets a store aside that nothing opens; the next `openStore` begins with a new one. */
  setStoreAside(): Promise<SetAside>
  /** Brings a store back that was set aside, and opens it. */
  bringStoreBack(name: string): Promise<SessionState>
  /** What is wrong with the store, also where it cannot be opened. */
  verifyStore(): Promise<Verified>
  /** Does a repair (not `salvage`) and looks again. */
  repairStore(repair: Repair): Promise<Verified>
  /** What making the store anew would keep; changes nothing. */
  planSalvage(): Promise<Plan>
  /** Makes the store anew from what can be read; answers what was kept. */
  salvageStore(): Promise<Plan>
  register(registration: Registration): Promise<SessionState>
  signIn(credentials: Credentials): Promise<SessionState>
  signOut(): Promise<SessionState>
  practiceEnter(): Promise<SessionState>
  practiceLeave(): Promise<SessionState>
  settingsGet(): Promise<Settings>
  settingsPut(settings: Settings): Promise<Settings>
  appointments(filter: AppointmentFilter): Promise<AppointmentRow[]>
  appointment(id: string): Promise<AppointmentDetail>
  orders(filter: OrderFilter): Promise<OrderRow[]>
  order(id: string): Promise<OrderDetail>
  directory(): Promise<Directory>
  book(): Promise<BookView>
  preview(request: PreviewRequest): Promise<Preview>
  weigh(request: WeighRequest): Promise<Executed>
  ticket(request: TicketRequest): Promise<Executed>
  bookVisit(request: BookingRequest): Promise<Executed>
  estimate(request: EstimateRequest): Promise<Executed>
  execute(name: string, args: object): Promise<Executed>
  draftGet(key: string): Promise<unknown>
  draftPut(key: string, value: unknown): Promise<void>
  draftDelete(key: string): Promise<void>
  drafts(): Promise<DraftEntry[]>
  /** Keeps a picture (base64) and answers its name, the SHA-256 of its bytes. */
  picturePut(data: string): Promise<string>
  /** A picture: from the device, or else from the server. */
  picture(sha256: string): Promise<Picture>
  /** Forgets a picture that was taken away before anything named it. */
  pictureDiscard(sha256: string): Promise<void>
  syncStatus(): Promise<SyncStatus>
  syncNow(): Promise<SyncStatus>
  setOffline(offline: boolean): Promise<SyncStatus>
  checkNow(): Promise<SyncStatus>
  mutations(): Promise<MutationEntry[]>
  mutationDiscard(uid: string): Promise<void>
  mutationResend(uid: string, args: object): Promise<Executed>
  diagnostics(): Promise<string>
  /** Hands a `tel:` or `https:` link to the system; rejects where the shell does not allow it. */
  openLink(url: string): Promise<void>
  /** Calls `handler` at each event until the returned function is called. */
  on<K extends keyof HostEvents>(event: K, handler: (payload: HostEvents[K]) => void): Promise<() => void>
}

let current: Host | undefined

/** Hears how each command ended: with the code of its rejection, or null. */
export type Witness = (command: keyof Host, code: string | null) => void

let witness: Witness = () => undefined

/** From now on `listen` hears how commands end. */
export function onCommands(listen: Witness): void {
  witness = listen
}

/** The engine in use; set once before the app is mounted, and by tests. */
export function setHost(host: Host): void {
  current = watched(host)
}

function watched(host: Host): Host {
  const names = Object.keys(host) as (keyof Host)[]
  const calls = names.map((name) => {
    const call = host[name] as (...args: unknown[]) => Promise<unknown>
    const heard = async (...args: unknown[]) => {
      try {
        const answer = await call(...args)
        witness(name, null)
        return answer
      } catch (reason) {
        witness(name, asAppError(reason).code)
        throw reason
      }
    }
    return [name, heard]
  })
  return Object.fromEntries(calls) as unknown as Host
}

/** The engine in use. */
export function host(): Host {
  if (!current) throw new Error('the host is not connected yet')
  return current
}

/** Connects to the desktop shell; under `npm run dev` in a plain browser, to the demo host. */
export async function connectHost(): Promise<Host> {
  if (import.meta.env.DEV && !('__TAURI_INTERNALS__' in window)) {
    const { demoHost } = await import('./demo')
    const asked = new URLSearchParams(location.search)
    setHost(demoHost({ delay: 120, scenario: asked.get('scenario') ?? undefined, language: asked.get('language') ?? undefined }))
    return host()
  }
  const { tauriHost } = await import('./tauri')
  setHost(tauriHost())
  return host()
}

/** Shows the window anew from its beginning: another store is behind it. */
export function restart(): void {
  window.location.reload()
}

/** What a rejection says; whatever is not an `AppError` becomes the code `internal`. */
export function asAppError(reason: unknown): AppError {
  if (typeof reason === 'object' && reason !== null && 'code' in reason && typeof reason.code === 'string') {
    const error = reason as Partial<AppError> & { code: string }
    return { code: error.code, field: error.field ?? null, errors: error.errors ?? [] }
  }
  return { code: 'internal', field: null, errors: [] }
}
