-- up --
CREATE TABLE tickets (
  id serial PRIMARY KEY,
  tenant_id int NOT NULL REFERENCES tenants (id),
  subject text NOT NULL,
  body text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'open',
  priority int NOT NULL DEFAULT 3,
  assignee_id int REFERENCES users (id),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE comments (
  id serial PRIMARY KEY,
  ticket_id int NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  author_id int REFERENCES users (id),
  body text NOT NULL
);
CREATE TABLE events (
  ticket_id int NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  kind text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenants (slug, name, plan) VALUES ('acme', 'Acme & Sons', 'gold'), ('zeta', 'Zeta', 'bronze');
INSERT INTO tickets (tenant_id, subject, body, priority) VALUES
  (1, 'Printer <on> fire', 'It burns; really.', 1),
  (1, 'Coffee', '', 3),
  (2, 'Door', 'squeaks', 4);
INSERT INTO comments (ticket_id, body) VALUES (1, 'Which printer?'), (1, 'The big one'), (2, 'Black?');
INSERT INTO events (ticket_id, kind) VALUES (1, 'opened');
-- down --
DROP TABLE events;
DROP TABLE comments;
DROP TABLE tickets;
