//! The test's own look into Postgres, as the owner of the database: what stands in the tables,
//! whatever the views say of it.

use helmstream_services::local::plane::PostgresLogin;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Connects as the owner of the plane's database, or of another one on the same server.
pub async fn connect(login: &PostgresLogin, database: &str) -> Client {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&login.host)
        .port(login.port)
        .user(&login.role)
        .password(&login.password)
        .dbname(database);
    let (client, connection) = config.connect(NoTls).await.expect("the test's Postgres answers");
    tokio::spawn(connection);
    client
}

/// Runs statements; the rows of the last, every column as text.
pub async fn rows(client: &Client, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
        }
        _ => None,
    });
    rows.collect()
}

/// Every table that is not the server's own, as `schema.table`.
pub async fn tables(client: &Client) -> Vec<String> {
    let sql = "SELECT schemaname || '.' || tablename FROM pg_catalog.pg_tables \
               WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    rows(client, sql).await.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}

/// Every row of a table as one text, in the order of the texts.
pub async fn dump(client: &Client, table: &str) -> Vec<String> {
    let sql = format!("SELECT t::text FROM {table} AS t ORDER BY t::text COLLATE \"C\"");
    rows(client, &sql)
        .await
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect()
}
