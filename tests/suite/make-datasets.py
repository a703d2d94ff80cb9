"""Files of flows by pyarrow and DuckDB, out of a CSV file of ours: make-datasets.py FLOWS.csv FOLDER."""

import sys

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

source, out = sys.argv[1:3]
time = pa.timestamp("us", tz="UTC")
types = {
    "received": time,
    "flow_start": time,
    "flow_end": time,
    "observation_domain": pa.uint32(),
    "nde_version": pa.uint8(),
    "template_id": pa.uint16(),
    "duration_ms": pa.int64(),
    "src_port": pa.uint16(),
    "dst_port": pa.uint16(),
    "protocol": pa.uint8(),
    "tcp_flags": pa.uint16(),
    "bytes": pa.uint64(),
    "packets": pa.uint64(),
    "in_if": pa.uint32(),
    "out_if": pa.uint32(),
}
names = open(source).readline().strip().split(",")
convert = pyarrow.csv.ConvertOptions(
    column_types={name: types.get(name, pa.string()) for name in names},
    null_values=[""],
    strings_can_be_null=True,
    quoted_strings_can_be_null=False,
)
flows = pyarrow.csv.read_csv(source, convert_options=convert)


def replaced(table, name, column):
    return table.set_column(table.schema.get_field_index(name), name, column)


pq.write_table(flows, f"{out}/pyarrow.parquet")
pq.write_table(flows, f"{out}/pyarrow-small-groups.parquet", row_group_size=3, compression="gzip", data_page_size=64, use_dictionary=False)
pq.write_table(flows, f"{out}/pyarrow-v1.parquet", version="1.0", data_page_version="2.0", compression="lz4")
dictionary = replaced(flows, "exporter", flows["exporter"].dictionary_encode())
pq.write_table(dictionary, f"{out}/pyarrow-dictionary.parquet")
with ipc.new_file(f"{out}/pyarrow.arrow", dictionary.schema) as writer:
    writer.write_table(dictionary, max_chunksize=7)
with ipc.new_file(f"{out}/pyarrow-zstd.arrow", flows.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
    writer.write_table(flows)
with ipc.new_stream(f"{out}/pyarrow.arrows", flows.schema) as writer:
    writer.write_table(flows, max_chunksize=7)
# As pandas makes of whole numbers with a null somewhere.
floats = replaced(flows, "bytes", flows["bytes"].cast(pa.float64()))
floats = replaced(floats, "dst_port", flows["dst_port"].cast(pa.float64()))
pq.write_table(floats, f"{out}/pandas-floats.parquet")
pq.write_table(
    pa.table({"src_addr": ["10.0.0.1"], "path": [[1, 2]], "note": ["x"]}),
    f"{out}/unread.parquet",
)
pq.write_table(
    pa.table({"protocol": pa.array([6, 6, 17], pa.uint8()), "bytes": pa.array([1, 2, 4], pa.uint64()), "packets": [[1], [2], [3]]}),
    f"{out}/lost.parquet",
)

db = duckdb.connect()
db.execute("set TimeZone='UTC'")
db.register("flows", flows)
db.execute(f"copy flows to '{out}/duckdb.parquet' (format parquet)")
db.execute(f"copy flows to '{out}/duckdb.csv' (format csv, header)")
db.execute(f"copy (select *, received::date as date from flows) to '{out}/hive' (format parquet, partition_by (date, exporter))")
db.execute(
    f"copy (select * replace (bytes::decimal(20, 0) as bytes, packets::decimal(18, 2) as packets) from flows) to '{out}/duckdb-decimals.parquet' (format parquet)"
)
