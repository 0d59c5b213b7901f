-- Disabled patients whose bookings ahead are still being cancelled, batch by batch. The release before cancels them at once.
ALTER TABLE people
  ADD COLUMN bookings_ending BOOLEAN NOT NULL DEFAULT FALSE,
  ADD KEY people_with_ending_bookings (bookings_ending);
