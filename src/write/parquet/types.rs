//! The Parquet type of each kind of column: the logical type that readers know without a cast.

use polars_parquet::parquet::schema::Repetition;
use polars_parquet::parquet::schema::types::{
    FieldInfo, IntegerType, ParquetType, PhysicalType, PrimitiveConvertedType as Converted, PrimitiveLogicalType as Logical, PrimitiveType,
    TimeUnit as Unit,
};
use polars_parquet::write::SchemaDescriptor;

use crate::plan::{ColumnSpec, Kind};
use crate::write::columnar::{AddressForm, ColumnarOptions, TimeUnit};

/// The type of a column. All may be null: what one exporter sends another does not.
pub(super) fn column_type(column: &ColumnSpec, options: ColumnarOptions) -> PrimitiveType {
    let (physical_type, logical_type, converted_type) = types(column.kind, options);
    let field_info = FieldInfo { name: column.name.as_str().into(), repetition: Repetition::Optional, id: None };
    PrimitiveType { field_info, logical_type, converted_type, physical_type }
}

/// The schema of a file with those columns.
pub(super) fn descriptor(columns: &[PrimitiveType]) -> SchemaDescriptor {
    SchemaDescriptor::new("flows".into(), columns.iter().cloned().map(ParquetType::PrimitiveType).collect())
}

fn types(kind: Kind, options: ColumnarOptions) -> (PhysicalType, Option<Logical>, Option<Converted>) {
    let integer = |physical, integer, converted| (physical, Some(Logical::Integer(integer)), Some(converted));
    match kind {
        Kind::U8 => integer(PhysicalType::Int32, IntegerType::UInt8, Converted::Uint8),
        Kind::U16 => integer(PhysicalType::Int32, IntegerType::UInt16, Converted::Uint16),
        Kind::U32 => integer(PhysicalType::Int32, IntegerType::UInt32, Converted::Uint32),
        Kind::U64 => integer(PhysicalType::Int64, IntegerType::UInt64, Converted::Uint64),
        Kind::I64 => integer(PhysicalType::Int64, IntegerType::Int64, Converted::Int64),
        Kind::F64 => (PhysicalType::Double, None, None),
        Kind::Bool => (PhysicalType::Boolean, None, None),
        Kind::Time => {
            let (unit, converted) = match options.times {
                TimeUnit::Millis => (Unit::Milliseconds, Some(Converted::TimestampMillis)),
                TimeUnit::Micros => (Unit::Microseconds, Some(Converted::TimestampMicros)),
                TimeUnit::Nanos => (Unit::Nanoseconds, None),
            };
            (PhysicalType::Int64, Some(Logical::Timestamp { unit, is_adjusted_to_utc: true }), converted)
        }
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 if options.addresses == AddressForm::Binary => (PhysicalType::ByteArray, None, None),
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Text | Kind::Octets | Kind::Json => {
            (PhysicalType::ByteArray, Some(Logical::String), Some(Converted::Utf8))
        }
    }
}
