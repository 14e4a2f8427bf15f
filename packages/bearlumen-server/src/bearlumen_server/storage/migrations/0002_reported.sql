-- What a response says beside its counts; NULL where it says nothing of the kind.
-- USD, as the provider states them: the cost of an event whose sender states none.
ALTER TABLE events ADD COLUMN provider_cost DECIMAL(18, 12);
-- The event whose response reported this usage beside its main count.
ALTER TABLE events ADD COLUMN parent_event_id UUID;
-- Dotted path to number: fields of the usage that the sender had no word for.
ALTER TABLE events ADD COLUMN reported VARIANT;
