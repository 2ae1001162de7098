export default {
  title: 'Tickets', search: 'Number, customer, goods', list_label: 'Tickets and orders', walk_in: 'Walk-in', ticket: 'Walk-in ticket', visit: 'Visit',
  kind: 'Kind', kind_all: 'All', kind_tickets: 'Walk-in', kind_visits: 'Visits', days: 'Filter by day', from: 'First day', to: 'Last day', sort: 'Sort', sort_newest: 'Newest', sort_oldest: 'Oldest', sort_amount: 'Largest',
  shown: '{n} tickets · {total}', empty_title: 'No tickets yet', empty_text: 'Write a walk-in ticket at the counter or complete a visit, and it appears here.', empty_action: 'To the counter', none_match: 'No ticket fits', clear_filters: 'Clear the filters',
  choose_title: 'Choose a ticket', choose_text: 'Click a row, or use arrow keys and Enter.', back: 'Back to the list',
  quote: 'Final quote', no_quote: 'Not weighed yet', payments: 'Payments and refunds', no_payments: 'Nothing paid yet', history: 'History', due: 'Due', paid: 'Paid', owing: 'Owing', seller: 'Seller', seller_phone: 'Seller’s mobile', show_phone: 'Show the number', station: 'Station', collector: 'Collector', made: 'Made', received: 'Received', accepted: 'Accepted',
  channel: 'Channel', channel_no: 'Channel’s number', void_reason: 'Voided because', earlier_quotes: 'Earlier quotes', open_appointment: 'Open the appointment', refund: 'Refund', void: 'Void', receive: 'Receive', print: 'Print receipt',
  shadow: 'Given to someone else; read only',
  done: { refund: 'Refunded {amount}', void: 'Voided {no}', receive: 'Received {no}' },
  refund_dialog: { title: 'Refund', which: 'Which payment', amount: 'Amount', most: 'At most {amount}', too_much: 'More than can be refunded', required: 'Give an amount above 0', note: 'A refund once recorded cannot be undone.', go: 'Refund' },
  void_dialog: { title: 'Void', ask: 'Voiding {no} cannot be undone.', reason: 'Reason', required: 'Give a reason', refund_first: '{amount} has been paid. Take that money back from the seller first, then press the button below: refund and voiding are recorded together.', go: 'Void it', go_refund: '{amount} taken back, void', reasons: { wrong_goods: 'Wrong goods', wrong_weight: 'Wrong weight', duplicate: 'Written twice', seller_left: 'The seller keeps the goods' } },
}
