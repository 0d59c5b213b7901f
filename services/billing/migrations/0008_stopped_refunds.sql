-- Finds the few payments that have something left to do, also those that the settler has given up.
ALTER TABLE payments ADD KEY payments_due_since (due_since);
