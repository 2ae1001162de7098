// Screens by address. Each feature brings its own routes (`features/<area>/routes.ts`, default export); nobody has to
// touch this file to add a screen. Screens without `meta.public` need a session or practice.

import { createRouter, createWebHashHistory, type Router, type RouteRecordRaw } from 'vue-router'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reachable without a session. */
    public?: boolean
    /** Key of the title in the bar. */
    title?: string
    /** Which entry of the rail is lit. */
    rail?: string
    /** Without rail and title bar: a screen turned round for the customer, the counter's full width. */
    bare?: boolean
  }
}

const features = import.meta.glob<{ default: RouteRecordRaw[] }>('./features/*/routes.ts', { eager: true })

/** All screens. */
export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/today' },
  ...Object.values(features).flatMap((feature) => feature.default),
  { path: '/:rest(.*)*', redirect: '/today' },
]

/** The router, with the guard that sends people without a session to the sign-in. */
export function makeRouter(): Router {
  const router = createRouter({ history: createWebHashHistory(), routes })
  router.beforeEach((to) => {
    const session = useSession()
    if (!to.meta.public && !session.inside) return { name: 'sign-in', query: to.path === '/today' ? {} : { next: to.fullPath } }
    if (to.name === 'sign-in' && session.inside) return '/today'
    return true
  })
  return router
}
