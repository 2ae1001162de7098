// The desktop shell behind the Host: each command is one call across.

import { invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'
import type { Host } from './index'

/** The engine of the desktop app. */
export function tauriHost(): Host {
  return {
    sessionState: () => invoke('session_state'),
    openStore: (passphrase) => invoke('open_store', { passphrase }),
    waysBack: () => invoke('ways_back'),
    recoverStore: (pairingCode, passphrase) => invoke('recover_store', { pairingCode, passphrase }),
    setStoreAside: () => invoke('set_store_aside'),
    bringStoreBack: (name) => invoke('bring_store_back', { name }),
    verifyStore: () => invoke('verify_store'),
    repairStore: (repair) => invoke('repair_store', { repair }),
    planSalvage: () => invoke('plan_salvage'),
    salvageStore: () => invoke('salvage_store'),
    register: (registration) => invoke('register', { registration }),
    signIn: (credentials) => invoke('sign_in', { credentials }),
    signOut: () => invoke('sign_out'),
    practiceEnter: () => invoke('practice_enter'),
    practiceLeave: () => invoke('practice_leave'),
    settingsGet: () => invoke('settings_get'),
    settingsPut: (settings) => invoke('settings_put', { settings }),
    appointments: (filter) => invoke('appointments', { filter }),
    appointment: (id) => invoke('appointment', { id }),
    orders: (filter) => invoke('orders', { filter }),
    order: (id) => invoke('order', { id }),
    directory: () => invoke('directory'),
    book: () => invoke('book'),
    preview: (request) => invoke('preview', { request }),
    weigh: (request) => invoke('weigh', { request }),
    ticket: (request) => invoke('ticket', { request }),
    bookVisit: (request) => invoke('book_visit', { request }),
    estimate: (request) => invoke('estimate', { request }),
    execute: (name, args) => invoke('execute', { name, args }),
    draftGet: (key) => invoke('draft_get', { key }),
    draftPut: (key, value) => invoke('draft_put', { key, value }),
    draftDelete: (key) => invoke('draft_delete', { key }),
    drafts: () => invoke('drafts'),
    picturePut: (data) => invoke('picture_put', { data }),
    picture: (sha256) => invoke('picture', { sha256 }),
    pictureDiscard: (sha256) => invoke('picture_discard', { sha256 }),
    syncStatus: () => invoke('sync_status'),
    syncNow: () => invoke('sync_now'),
    setOffline: (offline) => invoke('set_offline', { offline }),
    checkNow: () => invoke('check_now'),
    mutations: () => invoke('mutations'),
    mutationDiscard: (uid) => invoke('mutation_discard', { uid }),
    mutationResend: (uid, args) => invoke('mutation_resend', { uid, args }),
    diagnostics: () => invoke('diagnostics'),
    openLink: (url) => {
      // The shell lets the window go nowhere and hands tel: and https: to the system.
      window.location.assign(url)
      return Promise.resolve()
    },
    on: (event, handler) => listen(event, (message) => handler(message.payload as never)),
  }
}
