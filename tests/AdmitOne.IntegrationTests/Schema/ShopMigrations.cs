using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Schema;

/// <summary>Three small migrations in the shapes that AdmitOne's have: tables under forced row-level security, a foreign key, indexes beside a running sale.</summary>
internal static class ShopMigrations
{
    public static Dictionary<string, string> Files => new()
    {
        ["001_tables.up.sql"] = """
            set local lock_timeout = '2s';
            create schema shop;
            create table shop.buyers (tenant_id uuid not null, id uuid not null, constraint buyers_pkey primary key (tenant_id, id));
            create table shop.orders (tenant_id uuid not null, id uuid not null, buyer_id uuid, constraint orders_pkey primary key (tenant_id, id));
            do $$
            declare t text;
            begin
                foreach t in array array['buyers', 'orders'] loop
                    execute format('alter table shop.%I enable row level security', t);
                    execute format('alter table shop.%I force row level security', t);
                end loop;
            end;
            $$;
            """,
        ["001_tables.down.sql"] = "drop schema shop cascade;",
        ["002_keys.up.sql"] = """
            set local lock_timeout = '2s';
            alter table shop.buyers no force row level security;
            alter table shop.orders no force row level security;
            do $$
            declare orphans text;
            begin
                select string_agg(id::text, ', ') into orphans from shop.orders as o
                 where buyer_id is not null and not exists (select from shop.buyers as b where (b.tenant_id, b.id) = (o.tenant_id, o.buyer_id));
                if orphans is not null then
                    raise foreign_key_violation using message = 'orders of unknown buyers: ' || orphans;
                end if;
            end;
            $$;
            alter table shop.orders add constraint orders_buyer_fkey
                foreign key (tenant_id, buyer_id) references shop.buyers (tenant_id, id) on delete set null (buyer_id);
            alter table shop.buyers force row level security;
            alter table shop.orders force row level security;
            """,
        ["002_keys.down.sql"] = "alter table shop.orders drop constraint orders_buyer_fkey;",
        ["003_indexes.up.sql"] = """
            -- no transaction
            create index concurrently if not exists ix_orders_buyer on shop.orders (tenant_id, buyer_id);
            create unique index concurrently if not exists ix_orders_id on shop.orders (id); -- one more
            """,
        ["003_indexes.down.sql"] = """
            -- no transaction
            drop index concurrently if exists shop.ix_orders_id;
            drop index concurrently if exists shop.ix_orders_buyer;
            """,
    };

    public static MigrationSet Set => MigrationSet.FromFiles(Files);

    /// <summary>The three, and what <paramref name="more"/> adds or replaces.</summary>
    public static MigrationSet With(params (string File, string Sql)[] more)
    {
        var files = Files;
        foreach (var (file, sql) in more) files[file] = sql;
        return MigrationSet.FromFiles(files);
    }
}
