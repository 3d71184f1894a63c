// The shapes of what the API sends, as far as the page reads them. For the checks of types only: browsers never get it.

export interface OperatingPoint {
  name: string;
  fa_r: number;
  look_alike_rate: number;
  max_distance: number;
}

export interface ErrorRates {
  distance: number;
  fa_r: number;
  fr_r: number;
  look_alike_rate: number;
}

export interface QualityCheck {
  flag: string;
  passes: boolean;
  measures: string[];
  rule: "at_least" | "above" | "below" | "within" | "is_zero";
  threshold: number;
}

export interface Service {
  name: string;
  summary: string;
  module: string | null;
  family: string;
  object_class: "face" | "body";
  needs: string[];
  gives: string[];
  routes: string[];
  limits: { image_bytes: number; pixels: number };
  operating_points: OperatingPoint[];
  error_curve: ErrorRates[];
  checks: QualityCheck[];
}

export interface Offers {
  services: Service[];
  presets: Record<string, string[]>;
  keeping: { ttl_s: number; max_ttl_s: number };
  batches: { requests: number; body_bytes: number; formats: string[] };
}

export interface Stage {
  service: string;
  status: string;
  ms: number | null;
  worker: string | null;
  queue: string | null;
  error: string | null;
}

export interface Failure {
  service: string | null;
  type: string;
  message: string;
}

export interface Job {
  id: string;
  status: "queued" | "running" | "succeeded" | "failed" | "canceled" | "expired";
  services: string[];
  stages: Stage[];
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  expires_at: string | null;
  batch: string | null;
  retry_of: string | null;
  retryable: boolean;
  result: Sample | null;
  error: Failure | null;
}

export interface Pose {
  yaw: number;
  pitch: number;
  roll: number;
}

/** An object of a sample in dialect v2; fields are there if their service ran. */
export interface Face {
  class?: string;
  confidence?: number;
  bbox?: number[];
  keypoints?: Record<string, any>;
  pose?: Pose;
  age?: number | string;
  gender?: string;
  emotions?: { emotion: string; confidence: number }[];
  has_medical_mask?: { confidence: number; value: boolean };
  liveness?: { confidence: number; value: string };
  quality?: Record<string, number | boolean>;
  template?: Record<string, { blob: string }>;
}

export interface Sample {
  objects?: Face[];
  errors?: Failure[];
}

export interface Counts {
  total: number;
  succeeded: number;
  failed: number;
  canceled: number;
  expired: number;
  in_progress: number;
}

export interface Batch {
  id: string;
  status: string;
  counts: Counts;
  created_at: string;
  finished_at: string | null;
  expires_at: string | null;
}

export interface Version {
  version: string;
  services: string[];
  workers: string[];
  models: { name: string; sha256: string; package: string; licence: string }[];
}

export interface Ready {
  ready: boolean;
  detail?: string;
  failing?: string[];
  families: Record<string, { worker?: string; ms?: Record<string, number>; error?: string }>;
}

export interface VerifiedFace {
  bbox: number[];
  confidence: number;
}

export interface Verdict {
  match: boolean;
  operating_point: OperatingPoint;
  score: number;
  distance: number;
  fa_r: number;
  fr_r: number;
  a: VerifiedFace;
  b: VerifiedFace;
}

export interface Queue {
  name: string;
  messages: number;
  oldest_s: number | null;
}

export interface DeadLetter {
  job: string;
  services: string[];
  items: number[];
  attempts: number;
  reason: string;
  created_at: string;
}
