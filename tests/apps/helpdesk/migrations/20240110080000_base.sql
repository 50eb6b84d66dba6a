-- UP --
CREATE TABLE users (
  id serial PRIMARY KEY,
  login text NOT NULL UNIQUE,
  email text NOT NULL,
  password_hash text NOT NULL,
  type text NOT NULL DEFAULT 'local',
  status text NOT NULL DEFAULT 'active'
);
CREATE TABLE sessions (
  user_id int NOT NULL REFERENCES users (id),
  token text NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL
);
CREATE TABLE tenants (
  id serial PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  plan text NOT NULL DEFAULT 'bronze'
);
CREATE TABLE memberships (
  user_id int NOT NULL REFERENCES users (id),
  tenant_id int NOT NULL REFERENCES tenants (id),
  role text NOT NULL DEFAULT 'agent'
);
-- DOWN --
DROP TABLE memberships;
DROP TABLE tenants;
DROP TABLE sessions;
DROP TABLE users;
