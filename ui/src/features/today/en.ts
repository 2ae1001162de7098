export default {
  title: 'Today', search: 'Name, phone, address, goods, number', list_label: 'Appointments',
  view_list: 'List', view_timeline: 'Timeline', all_days: 'All days', today: 'Today', yesterday: 'Yesterday', tomorrow: 'Tomorrow',
  previous_day: 'Day before', next_day: 'Day after', states: 'Filter by state', sort_up: 'Earliest first', sort_down: 'Latest first',
  slot_count: '{n}', more_in_slot: '{n} more; see the list', everybody: 'Everybody', collector: 'Collector',
  empty_title: 'No appointments on this day', empty_text: 'New ones arrive here by themselves.', empty_action: 'Sync now', empty_offline: 'Offline now; new ones arrive once there is a network.',
  none_match: 'No appointment fits', clear_filters: 'Clear the filters', choose_title: 'Choose an appointment', choose_text: 'Click a row, or use arrow keys and Enter.',
  estimate: 'Estimate', due: 'Final', call: 'Call', navigate: 'Navigate', offline_badge: 'Offline', call_title: 'Contact {name}', go_title: 'Where to go', copy_phone: 'Copy number', dial: 'Dial',
  copy_address: 'Copy address', open_map: 'Open in maps',

  when: 'When', where: 'Where', note: 'Customer’s note', no_note: 'No note', photos: 'Photos', assignee: 'Collector',
  booked_goods: 'Goods booked and estimate', final_quote: 'Final quote', history: 'History', cancelled_by: 'Cancelled by {who}', draft_waiting: 'An unfinished weighing is kept as a draft',
  paid: 'Paid', open_order: 'Open the order', shadow: 'Given to someone else; read only', back: 'Back to the list',
  actions: {
    start: 'Start the visit', weigh: 'Weigh and quote', weigh_draft: 'Go on weighing', reweigh: 'Weigh again', accept: 'Customer accepts', pay: 'Pay', complete: 'Complete', confirm: 'Confirm', reschedule: 'Reschedule', estimate: 'Re-estimate', assign: 'Assign', cancel: 'Cancel visit',
  },
  done: { start: 'Visit started: {name}', confirm: 'Confirmed: {name}', complete: 'Completed: {name}', cancel: 'Cancelled: {name}', reschedule: 'Moved to {time}: {name}', assign: 'Assigned to {who}: {name}', unassign: 'Unassigned: {name}' },
  cancel: {
    title: 'Cancel the appointment', ask: 'This cannot be undone. Choose a reason:', text: 'Explanation', text_required: 'Say why when choosing “other”', reason_required: 'Choose a reason', keep: 'Keep it', go: 'Cancel it',
  },
  reschedule: { title: 'Reschedule', day: 'Day', time: 'Time', go: 'Move it', now: 'Now at {time}' },
  assign: { title: 'Assign a collector', nobody: 'Nobody', go: 'Assign', current: 'current', none: 'No collectors on this device yet; sync first.' },
  complete: { title: 'Something is not done', unpaid: 'Not paid in full: {due} due, {paid} paid.', unweighed: 'Not weighed yet.', go: 'Complete anyway', back: 'Back' },
}
