// Words that several screens share.
export default {
  app: { name: 'Huishou', practice: 'Practice', practice_note: 'Practice: data stays on this device and is never sent' },
  nav: { label: 'Main', today: 'Today', counter: 'Counter', orders: 'Tickets', prices: 'Prices', stock: 'Stock', sync: 'Sync', settings: 'Settings' },
  act: {
    cancel: 'Cancel', close: 'Close', back: 'Back', retry: 'Try again', undo: 'Undo',
    copy: 'Copy', copied: 'Copied',
  },
  label: {
    no: 'no', quantity: 'Quantity', unit_price: 'Unit price', total: 'Total', why: 'Why?', other_book: 'Priced with book version {version}; this device has another one now and cannot replay it.',
    name: 'Name', goods: 'Goods', time: 'Time', reason: 'Reason', state: 'State', amount: 'Amount',
    none: 'None', loading: 'Loading…', day: 'Day', nobody: 'Unassigned',
    rows: '{n} rows', reviews: '{n} to review', draft_saved: 'Draft saved {time}', draft_restored: 'Your last draft is back', problems: '{n} fields to correct',
  },
  unit: { jin: 'jin', piece: 'pcs' },
  pad: { label: 'Number pad', backspace: 'Backspace', clear: 'Clear' },
  appointment_status: { 0: 'Pending', 1: 'Confirmed', 2: 'Completed', 3: 'Cancelled', 4: 'In service' },
  order_status: { 0: 'Unpaid', 1: 'Paid', 2: 'Completed', 3: 'Cancelled' },
  role: { collector: 'Collector', station: 'Station staff', dispatcher: 'Dispatcher', admin: 'Administrator', customer: 'Customer', partner: 'Partner', system: 'System' },
  method: { cash: 'Cash', wechat_transfer: 'WeChat transfer', manual_transfer: 'Manual transfer' },
  accepted_by: { signature: 'Signature', tap: 'Tap', mini_program: 'Mini-program' },
  gap: { weight: 'Other weight', grade: 'Other grade', missing_part: 'Part missing', moisture: 'Wet', category: 'Other goods', price_change: 'New price book', other: 'Other' },
  adjustment: { round_down: 'Rounded down', bargain: 'Bargained', bonus: 'Bonus' },
  row_sync: { synced: 'Synced', pending: 'Waiting', refused: 'Refused', shadow: 'Moved away' },
  picture: { title: 'Photos and signature', photo: 'Photo', signature: 'Signature', photos: 'Photos of the goods', add: 'Add photos', adding: 'Adding…', full: '{n} at most', remove: 'Remove this photo', larger: 'Enlarge: {what}' },
  chip: {
    pictures: '{n} pictures wait',
    synced: 'Synced {time}', synced_never: 'Not synced yet', pending: '{n} waiting', offline: 'Offline since {time}', offline_short: 'Offline', attention: '{n} need attention',
    attention_session: 'Sign in again', attention_other: 'Sync has a problem', practice: 'Practice, not synced', open: 'Open the sync centre',
  },
  search: { label: 'Search', hint: 'Press / to search' },
  group: { paper: 'Paper', plastic: 'Plastic', metal: 'Metal', electronic: 'Appliances', textile: 'Textiles', other: 'Other' },
  command: {
    'appointment_create': 'New appointment', 'appointment_estimate': 'Estimate again', 'appointment_confirm': 'Confirm appointment', 'appointment_assign': 'Assign', 'appointment_reschedule': 'Reschedule', 'appointment_start': 'Start the visit', 'appointment_cancel': 'Cancel appointment',
    'appointment_complete': 'Complete the visit', 'order_weigh': 'Weigh and quote', 'order_accept': 'Customer accepts', 'order_pay': 'Payment', 'order_refund': 'Refund', 'order_void': 'Void',
    'order_receive': 'Receive', 'ticket_create': 'Walk-in ticket', 'price_book_publish': 'Publish prices',
  },
  field: {
    server: 'Server', pairing_code: 'Pairing code', device_name: 'Device name', username: 'User name', password: 'Password', name: 'Name',
    phone: 'Phone', address: 'Address', detail: 'Street address', division: 'District', appointment_time: 'Time', category: 'Goods',
    quantity: 'Quantity', weighing: 'Weighing', gross: 'Gross', tare: 'Tare', deductions: 'Deductions', items: 'Goods',
    adjustments: 'Adjustments', reason: 'Reason', text: 'Explanation', amount: 'Amount', assignee: 'Collector', note: 'Note',
    moisture: 'Moisture deducted', impurity: 'Impurity deducted', total: 'Total', due: 'Due', gap_reasons: 'Reasons of differences', seller: 'Seller',
    method: 'Method',
  },
  cancel_reason: {
    not_home: 'Nobody at home', refused_price: 'Price refused', nothing_to_collect: 'Nothing to collect', customer_request: 'At the customer’s request', unreachable: 'Customer not reachable', other: 'Other',
  },
  what: {
    booked: 'Booked', estimated: 'Estimated again', confirmed: 'Confirmed', assigned: 'Assigned', rescheduled: 'Rescheduled', started: 'Visit started', weighed: 'Weighed and quoted', accepted: 'Accepted by the customer', paid: 'Paid', refunded: 'Refunded', completed: 'Completed', cancelled: 'Cancelled', received: 'Received', review: 'To review', voided: 'Voided',
  },
}
